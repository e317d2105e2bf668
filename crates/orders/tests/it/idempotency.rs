//! A request that comes again is not a second order.

use futures::future::join_all;
use orders::BatchSettings;
use orders::commands::{Declined, Placed};
use orders::store::OrdersStore;
use outbox::mongo::MongoDatabase;

use crate::fixture::{Shop, customer, request};
use crate::group_commit::start;

#[tokio::test]
async fn the_same_key_and_body_get_the_first_answer_again() {
    same_key(|db| db).await;
}

/// Through `adapter` to the database.
pub async fn same_key<D: OrdersStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    let store = adapter(shop.database.clone());
    let me = customer();
    let lines = [("chair", 2), ("cup", 1)];
    let place = async || {
        let asked = [request(me, &lines, Some("k1"))];
        shop.place_by(&store, &asked).await.remove(0)
    };
    let first = place().await;
    let Ok(Placed::New(first)) = first else {
        panic!("{first:?}")
    };
    shop.settle(first.id, events::OrderStatus::Accepted).await;
    // As it was placed, though it is settled by now.
    let again = place().await;
    assert_eq!(again, Ok(Placed::Again(first)), "the first answer again");
    assert_eq!(
        (shop.count("orders").await, shop.take_pending().await.len()),
        (1, 2),
        "one order; that it was placed, and its step"
    );
}

#[tokio::test]
async fn another_body_is_refused_and_another_customer_is_not() {
    let shop = Shop::open().await;
    let me = customer();
    assert!(shop.place(&[request(me, &[("cup", 1)], Some("k"))]).await[0].is_ok());
    let before = shop.contents().await;
    let reused = shop
        .place(&[request(me, &[("cup", 2)], Some("k"))])
        .await
        .remove(0);
    assert_eq!(reused, Err(Declined::KeyReused));
    assert_eq!(before, shop.contents().await);
    let other = shop
        .place(&[request(customer(), &[("cup", 2)], Some("k"))])
        .await
        .remove(0);
    assert!(matches!(other, Ok(Placed::New(_))));
}

#[tokio::test]
async fn two_in_one_batch_are_one_order() {
    let shop = Shop::open().await;
    let me = customer();
    let decisions = shop
        .place(&[
            request(me, &[("cup", 1)], Some("k")),
            request(me, &[("cup", 1)], Some("k")),
            request(me, &[("cup", 3)], Some("k")),
        ])
        .await;
    let Ok(Placed::New(first)) = &decisions[0] else {
        panic!("{decisions:?}")
    };
    assert_eq!(decisions[1], Ok(Placed::Again(first.clone())));
    assert_eq!(decisions[2], Err(Declined::KeyReused));
    assert_eq!(
        (shop.count("orders").await, shop.count("idempotency").await),
        (1, 1)
    );
}

#[tokio::test]
async fn a_refused_request_may_be_tried_again_under_its_key() {
    let shop = Shop::open().await;
    let me = customer();
    assert!(shop.place(&[request(me, &[("ghost", 1)], Some("k"))]).await[0].is_err());
    assert_eq!(shop.count("idempotency").await, 0);
    assert!(shop.place(&[request(me, &[("cup", 1)], Some("k"))]).await[0].is_ok());
}

#[tokio::test]
async fn fifty_at_once_over_two_instances_are_one_order() {
    fifty_at_once(|db| db).await;
}

/// Through `adapter` to the database.
pub async fn fifty_at_once<D: OrdersStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    // Small batches, so that many transactions compete for the key.
    let settings = || BatchSettings {
        max_batch: 4,
        ..BatchSettings::default()
    };
    let here = adapter(shop.database.clone());
    let other = adapter(shop.environment().database("orders").await);
    let instances = [start(&here, settings()), start(&other, settings())];
    let me = customer();
    let requests = (0..50).map(|n| {
        instances[n % 2]
            .order_queue
            .place(request(me, &[("cup", 1)], Some("k")))
    });
    let mut ids = std::collections::BTreeSet::new();
    let mut new = 0;
    for answer in join_all(requests).await {
        match answer {
            Ok(Ok(Placed::New(order))) => {
                new += 1;
                ids.insert(order.id);
            }
            Ok(Ok(Placed::Again(order))) => {
                ids.insert(order.id);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((new, ids.len()), (1, 1), "one order");
    assert_eq!(
        (shop.count("orders").await, shop.take_pending().await.len()),
        (1, 1)
    );
}

#[tokio::test]
async fn idempotency_keys_are_removed_by_the_database() {
    let shop = Shop::open().await;
    let indexes = shop
        .database
        .database()
        .run_command(bson::doc! { "listIndexes": "idempotency" })
        .await
        .unwrap();
    let days = outbox::idempotency::IDEMPOTENCY_DAYS * 24 * 60 * 60;
    let listed = indexes
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap();
    let expires = |index: &bson::Bson| {
        let after = index.as_document()?.get("expireAfterSeconds")?;
        after.as_i64().or(after.as_i32().map(i64::from))
    };
    let found: Vec<i64> = listed.iter().filter_map(expires).collect();
    assert_eq!(found, [i64::try_from(days).unwrap()], "{listed:?}");
}
