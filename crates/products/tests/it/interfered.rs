//! The stock engine with somebody meddling at every step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bson::doc;
use events::{ProductId, ProductState};
use outbox::mongo::{MongoDatabase, WithTimeout};
use outbox::{Database, ErrorKind, MessageContext, StoreError};
use products::commands::restock;
use products::store::{StockChange, StockStore};

use crate::fixture::{Shop, handle, order};
use crate::interference::{Meddle, Meddled};

#[tokio::test]
async fn a_fault_at_any_step_leaves_nothing_half_done() {
    for step in [
        "begin",
        "reservations",
        "products",
        "take",
        "reserve",
        "commit",
        "committed",
    ] {
        for kind in [ErrorKind::Conflict, ErrorKind::Transient] {
            if step == "committed" && kind == ErrorKind::Conflict {
                continue; // A commit that conflicts has not happened.
            }
            let shop = Shop::open().await;
            let cup = shop.product("cup", 3).await.product_id;
            let times = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&times);
            let interfere: Meddle = Arc::new(move |at| {
                let fails = at == step && counted.fetch_add(1, Ordering::SeqCst) == 0;
                Box::pin(async move {
                    if fails {
                        Err(StoreError::new(kind, "meddled with"))
                    } else {
                        Ok(())
                    }
                })
            });
            let store = Meddled {
                inner: shop.database.clone(),
                interfere,
            };
            let batch = [order(&[(cup, 2)]), order(&[(cup, 2)])];

            let published = handle(&store, &shop.clock, &batch).await.unwrap();

            assert!(
                times.load(Ordering::SeqCst) >= 1,
                "{step} was never reached"
            );
            assert_eq!(
                (published.statuses.len(), published.accepted()),
                (2, 1),
                "{step} {kind:?}"
            );
            let now = shop.state(cup).await;
            assert_eq!((now.quantity, now.version), (1, 2), "{step} {kind:?}");
            let kept = shop.documents().await["reservations"].clone();
            let id = |kept: &bson::Document| kept.get("event_id").cloned();
            assert_eq!(kept.len(), 2);
            for message in published.messages.iter().take(2) {
                let id_said = Some(bson::Bson::from(bson::Uuid::from(message.id)));
                assert!(
                    kept.iter().any(|kept| id(kept) == id_said),
                    "{step}: another id was said"
                );
            }
        }
    }
}

#[tokio::test]
async fn stock_that_changes_meanwhile_is_decided_on_again() {
    for step in ["products", "take"] {
        for rival in [Rival::Buys, Rival::Raises] {
            let shop = Shop::open().await;
            let cup = shop.product("cup", 5).await.product_id;
            let times = Arc::new(AtomicUsize::new(0));
            let (database, clock) = (shop.database.clone(), Arc::clone(&shop.clock));
            let counted = Arc::clone(&times);
            let interfere: Meddle = Arc::new(move |at| {
                let (database, clock) = (database.clone(), Arc::clone(&clock));
                let first = at == step && counted.fetch_add(1, Ordering::SeqCst) == 0;
                Box::pin(async move {
                    if first {
                        rival.act(&database, &clock, cup).await;
                    }
                    Ok(())
                })
            });
            let store = Meddled {
                inner: shop.database.clone(),
                interfere,
            };

            let published = handle(&store, &shop.clock, &[order(&[(cup, 4)])]).await;

            let published = published.unwrap();
            assert_eq!(times.load(Ordering::SeqCst), 2, "it was not decided again");
            let expected = match rival {
                Rival::Buys => (0, 2, 2),
                Rival::Raises => (1, 4, 3),
            };
            let now = shop.state(cup).await;
            let found = (published.accepted(), now.quantity, now.version);
            assert_eq!(found, expected, "{rival:?} before {step}");
            let told = published.products.last().map(|update| &update.product);
            assert!(told.is_none_or(|told| *told == now), "{told:?}");
        }
    }
}

/// Someone else who is quicker.
#[derive(Debug, Clone, Copy)]
enum Rival {
    Buys,
    Raises,
}

impl Rival {
    async fn act(self, database: &MongoDatabase, clock: &Arc<dyn outbox::Clock>, cup: ProductId) {
        match self {
            Self::Buys => drop(
                handle(database, clock, &[order(&[(cup, 3)])])
                    .await
                    .unwrap(),
            ),
            Self::Raises => {
                let context = MessageContext::default();
                restock(database, clock.as_ref(), context, cup, 3)
                    .await
                    .unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_stale_version_or_too_little_stock_matches_nothing() {
    takes_what_fits_only(|db| db).await;
}

/// Through `adapter` to the database.
pub(crate) async fn takes_what_fits_only<D: StockStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    let store = adapter(shop.database.clone());
    let (cup, pan) = (shop.product("cup", 5).await, shop.product("pan", 5).await);
    let take = |product: &ProductState, version, quantity| StockChange {
        product_id: product.product_id,
        version,
        quantity,
    };
    let nothing = StockChange {
        product_id: ProductId::from_u128(1),
        version: 1,
        quantity: 1,
    };
    for wrong in [take(&cup, 2, 1), take(&cup, 1, 6), nothing] {
        let mut tx = store.begin().await.unwrap();
        let refused = store.deduct(&mut tx, &[take(&pan, 1, 1), wrong]).await;
        store.abort(tx).await;
        let kind = refused.err().map(|fault| fault.kind());
        assert_eq!(kind, Some(ErrorKind::Conflict), "refused: {wrong:?}");
    }
    assert_eq!(shop.state(cup.product_id).await, cup);
    assert_eq!(shop.state(pan.product_id).await, pan);
}

#[tokio::test]
async fn the_database_itself_refuses_negative_stock() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 5).await;
    let products = shop
        .database
        .database()
        .collection::<bson::Document>("products");
    let key = bson::Uuid::from_bytes(cup.product_id.into_bytes());
    for wrong in [
        doc! { "$inc": { "quantity": -6_i64 } },
        doc! { "$set": { "quantity": -1_i64 } },
        doc! { "$set": { "quantity": 0.5 } },
        doc! { "$set": { "quantity": "5" } },
        doc! { "$unset": { "quantity": "" } },
        doc! { "$inc": { "quantity": 1_i64 } },
    ] {
        let refused = products
            .update_one(doc! { "_id": key }, wrong.clone())
            .with_timeout()
            .await;
        let fault = refused.expect_err("the validator let it pass");
        assert_eq!(fault.kind(), ErrorKind::Permanent, "{wrong}: {fault}");
    }
    assert_eq!(shop.state(cup.product_id).await, cup);
}

#[tokio::test]
async fn two_instances_that_race_for_a_product_never_oversell() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 100).await.product_id;
    let elsewhere = shop.environment.database("products").await;
    let race = |store: MongoDatabase| {
        let clock = Arc::clone(&shop.clock);
        async move {
            let mut accepted = 0;
            for _ in 0..20 {
                let batch: Vec<_> = (0..8).map(|_| order(&[(cup, 1)])).collect();
                accepted += decided(&store, &clock, &batch).await;
            }
            accepted
        }
    };
    let (here, there) = tokio::join!(race(shop.database.clone()), race(elsewhere));
    assert_eq!(here + there, 100);
    assert_eq!(shop.state(cup).await.quantity, 0);
    let documents = shop.documents().await;
    let accepted = |kept: &&bson::Document| kept.get_str("status").unwrap() == "ACCEPTED";
    assert_eq!(documents["reservations"].len(), 320);
    assert_eq!(
        documents["reservations"].iter().filter(accepted).count(),
        100
    );
}

/// How many of `batch` were accepted; like the inbox, it does not give up for a conflict.
async fn decided(
    store: &MongoDatabase,
    clock: &Arc<dyn outbox::Clock>,
    batch: &[outbox::Envelope<events::OrderCreate>],
) -> usize {
    loop {
        match handle(store, clock, batch).await {
            Ok(published) => return published.accepted(),
            Err(fault) => assert_eq!(fault.kind(), ErrorKind::Conflict, "{fault}"),
        }
    }
}

#[tokio::test]
async fn the_same_order_at_two_instances_is_one_decision() {
    decided_at_two_instances(|db| db).await;
}

/// Through `adapter` to the database.
pub(crate) async fn decided_at_two_instances<D: StockStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 100).await.product_id;
    let here = adapter(shop.database.clone());
    let elsewhere = adapter(shop.environment.database("products").await);
    let batch: Vec<_> = (0..20).map(|_| order(&[(cup, 1)])).collect();
    let mut handled = Vec::new();
    for store in [&here, &elsewhere, &here, &elsewhere] {
        handled.push(handle(store, &shop.clock, &batch));
    }
    let mut ids = Vec::new();
    for published in futures::future::join_all(handled).await {
        let published = published.unwrap();
        assert_eq!(published.accepted(), 20);
        ids.push(
            published
                .messages
                .iter()
                .take(20)
                .map(|message| message.id)
                .collect::<Vec<_>>(),
        );
    }
    assert!(
        ids.iter().all(|published| *published == ids[0]),
        "an order has two decisions"
    );
    assert_eq!(shop.state(cup).await.quantity, 80);
}

#[tokio::test]
async fn a_reservation_can_be_made_once_only() {
    reserved_once_only(|db| db).await;
}

/// Through `adapter` to the database.
pub(crate) async fn reserved_once_only<D: StockStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 1).await.product_id;
    let placed = order(&[(cup, 1)]);
    handle(&shop.database, &shop.clock, std::slice::from_ref(&placed))
        .await
        .unwrap();
    let id = placed.event.order_id;
    let mut tx = shop.database.begin().await.unwrap();
    let kept = shop.database.stock_decisions(&mut tx, &[id]).await.unwrap();
    shop.database.abort(tx).await;

    let store = adapter(shop.database.clone());
    let mut tx = store.begin().await.unwrap();
    let refused = store.save_decisions(&mut tx, &[kept[&id].clone()]).await;
    store.abort(tx).await;
    let kind = refused.err().map(|fault| fault.kind());
    assert_eq!(kind, Some(ErrorKind::Conflict), "a second one is refused");
}
