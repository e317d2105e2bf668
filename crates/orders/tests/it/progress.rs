//! An order's way: each step is published once, in its transaction, whenever its fact comes.

use bson::{Document, doc};
use events::{Asks, OrderId, OrderStatus, OrderStatusUpdate, OrderUpdate, Rejection};
use orders::domain::{Author, Order, update_id};
use orders::handlers::{Fact, OnOrderStatusUpdate, take_facts};
use orders::store::OrdersStore;
use outbox::{Database, Envelope, Event, EventCollector, Message, OutboxStore, SystemClock};

use crate::fixture::{Shop, customer, decided, envelope, handle_twice};

/// The messages in the outbox that say a step.
async fn published(shop: &Shop) -> Vec<Message> {
    let records = shop.database.pending(10_000, &[]).await.unwrap();
    let messages = records.into_iter().flat_map(|record| record.messages);
    messages
        .filter(|message| message.event_type == OrderUpdate::TYPE)
        .collect()
}

fn read(message: &Message) -> OrderUpdate {
    OrderUpdate::read(message.version, &message.payload).unwrap()
}

/// An order that asks for everything, as a checkout will place it.
async fn place_with_everything(shop: &Shop) -> Order {
    let mut order = shop.place_one(customer()).await;
    order.id = OrderId::from_bytes(uuid::Uuid::now_v7().into_bytes());
    order.asks = Asks {
        payment: true,
        delivery: true,
    };
    let mut tx = shop.database.begin().await.unwrap();
    shop.database
        .insert_orders(&mut tx, std::slice::from_ref(&order))
        .await
        .unwrap();
    shop.database.commit(tx).await.unwrap();
    order
}

/// Tells the service where `order` stands.
async fn tell(shop: &Shop, order: OrderId, status: OrderStatus) {
    let event = envelope(());
    let fact = Fact {
        order,
        status,
        reason: None,
        by: Author::Orders,
        published: &event,
    };
    let mut tx = shop.database.begin().await.unwrap();
    let mut out = EventCollector::new("orders", &SystemClock);
    take_facts(&shop.database, &mut tx, &[fact], &mut out)
        .await
        .unwrap();
    out.write(&shop.database, &mut tx).await.unwrap();
    shop.database.commit(tx).await.unwrap();
}

fn way(order: &Order) -> Vec<OrderStatus> {
    order.history.iter().map(|step| step.status).collect()
}

#[tokio::test]
async fn each_settled_order_is_told_with_its_whole_state() {
    let shop = Shop::open().await;
    let accepted = shop.place_one(customer()).await;
    let rejected = shop.place_one(customer()).await;
    let reason = Rejection::InsufficientStock {
        product_id: rejected.lines[0].product_id,
        available: 0,
    };
    let no = envelope(OrderStatusUpdate {
        order_id: rejected.id,
        status: OrderStatus::Rejected,
        reason: Some(reason),
        version: 1,
    });
    let decisions: [Envelope<OrderStatusUpdate>; 2] =
        [decided(accepted.id, OrderStatus::Accepted), no];
    let handler = OnOrderStatusUpdate::new(shop.database.clone());
    handle_twice(&shop, &handler, &decisions).await;

    let published = published(&shop).await;
    assert_eq!(published.len(), 2);
    for (message, decision) in published.iter().zip(&decisions) {
        let order = shop.order(decision.event.order_id).await;
        assert_eq!(read(message), order.to_update());
        assert_eq!(
            (message.key.as_str(), message.aggregate_version),
            (order.id.to_string().as_str(), 2)
        );
        assert_eq!(message.id, update_id(order.id, 2));
        assert_eq!(
            message.time.as_millisecond(),
            decision.time.as_millisecond()
        );
        let cause = message.context.causation_id.as_deref();
        assert_eq!(cause, Some(decision.id.to_string().as_str()));
    }
}

#[tokio::test]
async fn a_fact_that_comes_early_takes_the_steps_that_it_implies() {
    use OrderStatus::{Accepted, Delivered, InDelivery, Paid, Pending};
    let shop = Shop::open().await;
    let id = place_with_everything(&shop).await.id;
    tell(&shop, id, Paid).await;
    let order = shop.order(id).await;
    assert_eq!(way(&order), [Pending, Accepted, Paid]);
    assert_eq!((order.status, order.version), (Paid, 3));
    tell(&shop, id, Delivered).await;
    let order = shop.order(id).await;
    assert_eq!(
        way(&order),
        [Pending, Accepted, Paid, InDelivery, Delivered]
    );
    let published: Vec<_> = published(&shop).await.iter().map(read).collect();
    let told: Vec<_> = published
        .iter()
        .map(|published| (published.version, published.status))
        .collect();
    assert_eq!(
        told,
        [(2, Accepted), (3, Paid), (4, InDelivery), (5, Delivered)]
    );

    // What it implied comes late, and so does what contradicts it: nothing changes.
    let before = shop.contents().await;
    let handler = OnOrderStatusUpdate::new(shop.database.clone());
    for late in [Accepted, OrderStatus::Rejected] {
        handle_twice(&shop, &handler, &[decided(id, late)]).await;
    }
    for late in [Paid, InDelivery, Delivered, OrderStatus::Cancelled] {
        tell(&shop, id, late).await;
    }
    assert_eq!(before, shop.contents().await);
}

#[tokio::test]
async fn an_order_cancelled_before_its_decision_stays_cancelled() {
    let shop = Shop::open().await;
    let handler = OnOrderStatusUpdate::new(shop.database.clone());
    for decision in [OrderStatus::Accepted, OrderStatus::Rejected] {
        let id = shop.place_one(customer()).await.id;
        tell(&shop, id, OrderStatus::Cancelled).await;
        let before = shop.contents().await;
        handle_twice(&shop, &handler, &[decided(id, decision)]).await;
        assert_eq!(before, shop.contents().await);
        assert_eq!(shop.order(id).await.status, OrderStatus::Cancelled);
    }
}

#[tokio::test]
async fn a_bare_order_lies_as_it_did_before_orders_could_ask() {
    let shop = Shop::open().await;
    let order = shop.place_one(customer()).await;
    let kept = shop.database.database().collection::<Document>("orders");
    let stored = kept.find_one(doc! {}).await.unwrap().unwrap();
    assert!(!stored.contains_key("asks"), "{stored}");
    assert_eq!(shop.order(order.id).await.asks, Asks::NOTHING);
    let whole = place_with_everything(&shop).await;
    assert_eq!(shop.order(whole.id).await.asks, whole.asks);
}
