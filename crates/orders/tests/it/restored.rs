//! A database restored from an older backup takes its own orders back before it listens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use events::{OrderCreate, OrderId, OrderStatus, OrderStatusUpdate, OrderUpdate, topics};
use orders::commands::Placed;
use orders::domain::Order;
use orders::recovery::OrderRecovery;
use orders::{Orders, Settings};
use outbox::kafka::TopicSpec;
use outbox::{MessageContext, OutboxStore, Recover};
use service::lifecycle::Lifecycle;
use testkit::eventually_within;

use crate::fixture::{Shop, customer, decided, request};
use testkit::Backup;

async fn open() -> Shop {
    let shop = Shop::open().await;
    shop.environment().topics(topics::ALL).await;
    let dead_letters = [topics::ORDER_STATUS, topics::PRODUCTS]
        .map(|topic| TopicSpec::dead_letters(topic, "orders", 1));
    shop.environment().ensure_topics(&dead_letters).await;
    shop
}

/// Places orders in the database alone.
async fn place(shop: &Shop, count: usize) -> Vec<OrderId> {
    let requests: Vec<_> = (0..count)
        .map(|_| request(customer(), &[("cup", 2), ("chair", 1)], None))
        .collect();
    let placed = shop.place(&requests).await.into_iter().map(|decision| {
        let Ok(Placed::New(order)) = decision else {
            panic!("{decision:?}")
        };
        order.id
    });
    placed.collect()
}

/// Runs the service until every order is published, and those of `settled` have their decision.
async fn run(shop: &Shop, settled: &[OrderId]) {
    let nobody = "http://127.0.0.1:1/";
    let settings = shop.environment().settings::<Orders>(nobody);
    let lifecycle = Lifecycle::new(Duration::from_secs(10));
    host::start::<Orders>(settings, Settings::default(), &lifecycle)
        .await
        .unwrap();
    let done = || async {
        let found = shop.orders().by_ids(settled).await.unwrap();
        found.len() == settled.len()
            && found
                .iter()
                .all(|order| order.status != OrderStatus::Pending)
            && shop.database.backlog().await.unwrap().records == 0
    };
    eventually_within(Duration::from_secs(60), "the orders are settled", done).await;
    lifecycle.trigger();
    lifecycle.join().await.unwrap();
}

async fn decide(shop: &Shop, orders: &[OrderId]) {
    for id in orders {
        let update = decided(*id, OrderStatus::Accepted).event;
        shop.environment()
            .publish::<OrderStatusUpdate>(&update, MessageContext::default())
            .await;
    }
}

async fn all(shop: &Shop, ids: &[OrderId]) -> BTreeMap<OrderId, Order> {
    let found = shop.orders().by_ids(ids).await.unwrap();
    // When a step was written here is not in its event.
    let order = |order: Order| Order {
        changed_at: order.created_at,
        ..order
    };
    let found = found.into_iter().map(order);
    found.map(|order| (order.id, order)).collect()
}

/// A shop whose database is older than its topics, and its orders as they were.
async fn lost() -> (Shop, Backup, BTreeMap<OrderId, Order>) {
    let shop = open().await;
    let mut ids = place(&shop, 6).await;
    run(&shop, &[]).await;
    decide(&shop, &ids[..3]).await;
    run(&shop, &ids[..3]).await;
    let backup = Backup::of(&shop.database).await;
    ids.extend(place(&shop, 12).await);
    decide(&shop, &ids[3..]).await;
    run(&shop, &ids).await;
    let before = all(&shop, &ids).await;
    assert_eq!(before.len(), 18);
    (shop, backup, before)
}

async fn audit(shop: &Shop, before: &BTreeMap<OrderId, Order>) {
    let ids: Vec<OrderId> = before.keys().copied().collect();
    assert_eq!(&all(shop, &ids).await, before, "each order is as it was");
    assert_eq!(shop.count("orders").await, before.len() as u64);
    assert_eq!(shop.count("dead_letters").await, 0);
    let mut published: BTreeMap<OrderId, BTreeSet<_>> = BTreeMap::new();
    for create in shop.environment().read::<OrderCreate>().await {
        published
            .entry(create.event.order_id)
            .or_default()
            .insert(create.id);
    }
    assert_eq!(published.len(), before.len());
    assert!(
        published.values().all(|ids| ids.len() == 1),
        "an order was placed twice"
    );
    let mut steps: BTreeMap<OrderId, BTreeSet<_>> = BTreeMap::new();
    for update in shop.environment().read::<OrderUpdate>().await {
        let (id, version) = (update.event.order_id, update.event.version);
        assert_eq!(update.event, before[&id].to_update());
        steps.entry(id).or_default().insert((version, update.id));
    }
    assert_eq!(steps.len(), before.len());
    assert!(
        steps.values().all(|steps| steps.len() == 1),
        "a step was told twice"
    );
}

#[tokio::test]
async fn orders_placed_after_the_backup_come_back_and_settle() {
    let (shop, backup, before) = lost().await;
    backup.restore(&shop.database).await;
    let ids: Vec<OrderId> = before.keys().copied().collect();
    run(&shop, &ids).await;
    audit(&shop, &before).await;
}

#[tokio::test]
async fn without_any_backup_they_come_back_too() {
    let (shop, _, before) = lost().await;
    Backup::none().restore(&shop.database).await;
    let ids: Vec<OrderId> = before.keys().copied().collect();
    run(&shop, &ids).await;
    audit(&shop, &before).await;
}

#[tokio::test]
async fn learning_is_cut_off_and_begun_again_and_does_nothing_twice() {
    let (shop, backup, before) = lost().await;
    backup.restore(&shop.database).await;
    let records = shop.environment().records(topics::ORDERS).await;
    for millis in 0..15_u64 {
        let learner = OrderRecovery::new(shop.database.clone());
        let learning = async {
            for chunk in records.chunks(3) {
                Recover::recover(&learner, chunk).await.unwrap();
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(millis * 2), learning).await;
    }
    let ids: Vec<OrderId> = before.keys().copied().collect();
    run(&shop, &ids).await;
    audit(&shop, &before).await;
    let learner = OrderRecovery::new(shop.database.clone());
    assert_eq!(Recover::recover(&learner, &records).await.unwrap(), 0);
}

#[tokio::test]
async fn the_steps_come_back_from_the_service_s_own_topic() {
    let (shop, backup, before) = lost().await;
    let ids: Vec<OrderId> = before.keys().copied().collect();
    let records = shop.environment().records(topics::ORDERS).await;
    for backup in [backup, Backup::none()] {
        backup.restore(&shop.database).await;
        let learner = OrderRecovery::new(shop.database.clone());
        for chunk in records.chunks(5) {
            Recover::recover(&learner, chunk).await.unwrap();
        }
        assert_eq!(all(&shop, &ids).await, before);
        assert_eq!(Recover::recover(&learner, &records).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_cart_that_was_rejected_comes_back() {
    let shop = open().await;
    let ids = [crate::checkout::rejected(&shop).await.id];
    run(&shop, &[]).await;
    let before = all(&shop, &ids).await;
    assert_eq!(before[&ids[0]].status, OrderStatus::Rejected);
    Backup::none().restore(&shop.database).await;
    run(&shop, &ids).await;
    assert_eq!(all(&shop, &ids).await, before);
    let updates = shop.environment().read::<OrderUpdate>().await;
    assert_eq!(updates.len(), 1, "it is told once");
}

#[tokio::test]
async fn a_topic_that_lacks_a_step_is_not_learned_from() {
    let (shop, _, _) = lost().await;
    Backup::none().restore(&shop.database).await;
    let mut records = shop.environment().records(topics::ORDERS).await;
    let is_step = |record: &outbox::Record| {
        let kind = record.headers.iter().find(|(name, _)| name == "ce_type");
        kind.is_some_and(|(_, kind)| kind == b"OrderUpdate")
    };
    records.retain(is_step);
    let learner = OrderRecovery::new(shop.database.clone());
    let refused = Recover::recover(&learner, &records).await.unwrap_err();
    assert!(refused.to_string().contains("nothing between"), "{refused}");
    assert_eq!(shop.count("orders").await, 0);
}
