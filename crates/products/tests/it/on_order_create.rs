//! The stock engine on the real database. Every batch is handled twice (see `Shop::handle`).

use events::{OrderStatus, ProductId, Rejection};
use outbox::ErrorKind;
use outbox::mongo::MongoDatabase;
use products::store::StockStore;

use crate::fixture::{Shop, handle, order};

#[tokio::test]
async fn an_accepted_order_takes_its_stock_and_is_published() {
    let shop = Shop::open().await;
    let (cup, pan) = (shop.product("cup", 10).await, shop.product("pan", 3).await);
    let placed = order(&[(cup.product_id, 4), (pan.product_id, 3)]);

    let published = shop.handle(std::slice::from_ref(&placed)).await;

    assert_eq!(published.statuses.len(), 1);
    assert_eq!(published.statuses[0].order_id, placed.event.order_id);
    assert_eq!(
        (published.statuses[0].status, published.statuses[0].version),
        (OrderStatus::Accepted, 1)
    );
    assert_eq!(published.statuses[0].reason, None);
    let cup_now = shop.state(cup.product_id).await;
    assert_eq!((cup_now.quantity, cup_now.version), (6, 2));
    assert_eq!(shop.state(pan.product_id).await.quantity, 0);
    let mut told: Vec<_> = published
        .products
        .into_iter()
        .map(|update| update.product)
        .collect();
    told.sort_by_key(|product| product.product_id);
    assert_eq!(
        told,
        [cup_now, shop.state(pan.product_id).await],
        "the full state is said"
    );
    for message in &published.messages {
        assert_eq!(
            message.context.correlation_id,
            placed.context.correlation_id
        );
        assert_eq!(message.context.causation_id, Some(placed.id.to_string()));
    }
}

#[tokio::test]
async fn a_short_or_unknown_product_rejects_the_whole_order() {
    let shop = Shop::open().await;
    let (cup, pan) = (shop.product("cup", 10).await, shop.product("pan", 1).await);
    let nothing = ProductId::from_u128(404);
    let documents = shop.documents().await;

    let short = shop
        .handle(&[order(&[(cup.product_id, 1), (pan.product_id, 2)])])
        .await;
    let reason = Rejection::InsufficientStock {
        product_id: pan.product_id,
        available: 1,
    };
    assert_eq!(short.statuses[0].status, OrderStatus::Rejected);
    assert_eq!(short.statuses[0].reason, Some(reason));

    let unknown = shop
        .handle(&[order(&[(nothing, 1), (cup.product_id, 1)])])
        .await;
    let reason = Rejection::UnknownProduct {
        product_id: nothing,
    };
    assert_eq!(unknown.statuses[0].reason, Some(reason));

    assert_eq!(
        shop.documents().await["products"],
        documents["products"],
        "no stock was touched"
    );
}

#[tokio::test]
async fn two_lines_of_one_product_do_not_pass_one_by_one() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 5).await.product_id;
    let published = shop.handle(&[order(&[(cup, 3), (cup, 3)])]).await;
    assert_eq!(published.statuses[0].status, OrderStatus::Rejected);
    assert_eq!(shop.state(cup).await.quantity, 5);

    let published = shop.handle(&[order(&[(cup, 2), (cup, 3)])]).await;
    assert_eq!(published.statuses[0].status, OrderStatus::Accepted);
    assert_eq!(shop.state(cup).await.quantity, 0);
}

#[tokio::test]
async fn a_hot_product_is_one_write_for_a_batch() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 240).await;
    let batch: Vec<_> = (0..250).map(|_| order(&[(cup.product_id, 1)])).collect();

    let published = shop.handle(&batch).await;

    assert_eq!(
        (
            published.statuses.len(),
            published.accepted(),
            published.products.len()
        ),
        (250, 240, 1)
    );
    let arrived: Vec<_> = batch.iter().map(|placed| placed.event.order_id).collect();
    let decided: Vec<_> = published
        .statuses
        .iter()
        .map(|update| update.order_id)
        .collect();
    assert_eq!(decided, arrived, "first come, first served");
    assert!(
        published.statuses[..240]
            .iter()
            .all(|update| update.status == OrderStatus::Accepted)
    );
    let now = shop.state(cup.product_id).await;
    assert_eq!(
        (now.quantity, now.version),
        (0, cup.version + 1),
        "250 orders are one write"
    );
}

#[tokio::test]
async fn an_order_seen_again_is_not_decided_again() {
    seen_again(|db| db).await;
}

/// Through `adapter` to the database.
pub(crate) async fn seen_again<D: StockStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    let store = adapter(shop.database.clone());
    let cup = shop.product("cup", 3).await.product_id;
    let (first, late) = (order(&[(cup, 2)]), order(&[(cup, 2)]));

    // Twice in one batch: one decision, published once.
    let batch = [first.clone(), first.clone(), late.clone()];
    let published = shop.handle_by(&store, &batch).await;
    assert_eq!((published.statuses.len(), published.accepted()), (2, 1));
    let (accepted, rejected) = (published.messages[0].clone(), published.messages[1].clone());

    // There is stock for the rejected one now; what was decided stays.
    let clock = shop.clock.as_ref();
    let context = outbox::MessageContext::default();
    products::commands::restock(&shop.database, clock, context, cup, 100)
        .await
        .unwrap();
    let fresh = order(&[(cup, 1)]);
    let again = shop.handle_by(&store, &[late, fresh, first]).await;

    assert_eq!(again.messages[0].id, rejected.id);
    assert_eq!(again.messages[0].payload, rejected.payload);
    assert_eq!(again.messages[0].time, rejected.time);
    assert_eq!(again.messages[2].id, accepted.id);
    assert_eq!(again.messages[2].payload, accepted.payload);
    assert_eq!(again.statuses[1].status, OrderStatus::Accepted);
    assert_eq!(shop.state(cup).await.quantity, 100);
}

#[tokio::test]
async fn an_order_of_nothing_is_for_a_person_to_look_at() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 3).await.product_id;
    let documents = shop.documents().await;
    for broken in [order(&[]), order(&[(cup, 1), (cup, 0)])] {
        let refused = handle(&shop.database, &shop.clock, &[broken]).await;
        assert_eq!(
            refused.err().map(|fault| fault.kind()),
            Some(ErrorKind::Permanent)
        );
    }
    assert_eq!(shop.documents().await, documents);
}

#[tokio::test]
async fn a_mixed_batch_adds_up() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 50).await.product_id;
    let pan = shop.product("pan", 20).await.product_id;
    let mut accepted = 0;
    for round in 0..5_u32 {
        let batch: Vec<_> = (0..10)
            .map(|n| order(&[(cup, 1 + n % 3), (pan, 1 + (n + round) % 2)]))
            .collect();
        accepted += shop.handle(&batch).await.accepted();
    }
    let documents = shop.documents().await;
    assert_eq!(documents["reservations"].len(), 50);
    let mut left = std::collections::BTreeMap::from([(cup, 50_i64), (pan, 20)]);
    let mut promised = 0;
    for kept in &documents["reservations"] {
        if kept.get_str("status").unwrap() != "ACCEPTED" {
            continue;
        }
        promised += 1;
        for line in kept.get_array("lines").unwrap() {
            let line = line.as_document().unwrap();
            let bson::Bson::Binary(id) = line.get("product").unwrap() else {
                panic!("an id is not binary: {line:?}")
            };
            let id = ProductId::from_bytes(id.bytes.clone().try_into().unwrap());
            *left.get_mut(&id).unwrap() -= line.get_i64("quantity").unwrap();
        }
    }
    assert_eq!(promised, accepted);
    for (id, left) in left {
        assert_eq!(i64::from(shop.state(id).await.quantity), left);
    }
}
