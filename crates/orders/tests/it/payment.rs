//! Orders that ask for payment: what is published of it, and what a payment makes of them.

use events::money::DEFAULT_CURRENCY;
use events::{
    Cancellation, Money, OrderDetails, OrderId, OrderStatus, OrderUpdate, PaymentChoice,
    PaymentStatus, PaymentUpdate, Reason,
};
use jiff::Timestamp;
use orders::commands::{CancelOrder, CancelledBy, PlaceOrder, Placed, retry_key};
use orders::domain::{Author, Order};
use orders::handlers::OnPaymentUpdate;
use outbox::{Envelope, Handle as _, MessageContext, SystemClock, transact};
use serde_json::json;

use crate::fixture::{Shop, customer, envelope, handle_twice, request, told};
use crate::server::Service;

fn card() -> PaymentChoice {
    PaymentChoice::Card {
        token: "tok_ok".to_owned(),
    }
}

async fn place_to_be_paid(shop: &Shop) -> Order {
    let request = PlaceOrder {
        payment: Some(card()),
        ..request(customer(), &[("chair", 1)], None)
    };
    match shop.place(&[request]).await.remove(0) {
        Ok(Placed::New(order)) => order,
        other => panic!("{other:?}"),
    }
}

fn payment(order: &Order, status: PaymentStatus) -> Envelope<PaymentUpdate> {
    let nothing = Money::new(0, DEFAULT_CURRENCY);
    envelope(PaymentUpdate {
        order_id: order.id,
        customer_id: order.customer,
        sellers: Vec::new(),
        status,
        amount: order.total,
        captured: nothing,
        refunded: nothing,
        due_at: Timestamp::UNIX_EPOCH,
        cancelled: false,
        attempts: Vec::new(),
        refunds: Vec::new(),
        entry: None,
        version: 2,
    })
}

fn way(order: &Order) -> Vec<OrderStatus> {
    order.history.iter().map(|step| step.status).collect()
}

#[tokio::test]
async fn how_an_order_is_paid_is_told_and_overwritten_once_it_rests() {
    let shop = Shop::open().await;
    let bare = shop.place_one(customer()).await;
    assert_eq!(told::<OrderDetails>(&shop, bare.id).await, []);

    let order = place_to_be_paid(&shop).await;
    assert!(order.asks.payment && !order.asks.delivery);
    let first = told::<OrderDetails>(&shop, order.id).await;
    assert_eq!((first.len(), first[0].version), (1, 1));
    assert_eq!(first[0].payment, Some(card()));

    shop.settle(order.id, OrderStatus::Accepted).await;
    assert_eq!(
        told::<OrderDetails>(&shop, order.id).await.len(),
        1,
        "it does not rest"
    );
    let handler = OnPaymentUpdate::new(shop.database.clone());
    handle_twice(&shop, &handler, &[payment(&order, PaymentStatus::Captured)]).await;
    let now = shop.order(order.id).await;
    assert_eq!(
        way(&now),
        [
            OrderStatus::Pending,
            OrderStatus::Accepted,
            OrderStatus::Paid
        ]
    );
    assert_eq!(now.history[2].by, Author::Payments);
    let details = told::<OrderDetails>(&shop, order.id).await;
    assert_eq!((details.len(), details[1].version), (2, 2));
    assert_eq!(details[1].payment, None, "the card is gone");
    let updates = told::<OrderUpdate>(&shop, order.id).await;
    assert_eq!(updates.last(), Some(&now.to_update()));
}

#[tokio::test]
async fn what_a_payment_says_moves_its_order() {
    let shop = Shop::open().await;
    let handler = OnPaymentUpdate::new(shop.database.clone());
    for (status, end, reason) in [
        (PaymentStatus::Captured, OrderStatus::Paid, None),
        (
            PaymentStatus::Failed,
            OrderStatus::Cancelled,
            Some(Cancellation::PaymentDeclined),
        ),
        (
            PaymentStatus::Expired,
            OrderStatus::Cancelled,
            Some(Cancellation::PaymentExpired),
        ),
    ] {
        // Before its decision is heard, too: being paid for implies that it was accepted.
        for decided in [true, false] {
            let order = place_to_be_paid(&shop).await;
            if decided {
                shop.settle(order.id, OrderStatus::Accepted).await;
            }
            handle_twice(&shop, &handler, &[payment(&order, status)]).await;
            let now = shop.order(order.id).await;
            assert_eq!(now.status, end, "{status:?}, decided: {decided}");
            assert_eq!(now.reason, reason.map(Reason::Cancellation));
            let before = shop.contents().await;
            shop.settle(order.id, OrderStatus::Accepted).await;
            assert_eq!(shop.contents().await, before, "a decision that comes again");
        }
    }
    let order = place_to_be_paid(&shop).await;
    for status in [
        PaymentStatus::Awaiting,
        PaymentStatus::Authorized,
        PaymentStatus::Refunded,
        PaymentStatus::Voided,
    ] {
        assert!(!handler.wants(&payment(&order, status).event), "{status:?}");
    }
}

#[tokio::test]
async fn a_payment_that_ends_after_a_cancellation_changes_nothing() {
    let shop = Shop::open().await;
    let handler = OnPaymentUpdate::new(shop.database.clone());
    for status in [
        PaymentStatus::Captured,
        PaymentStatus::Failed,
        PaymentStatus::Expired,
    ] {
        let order = place_to_be_paid(&shop).await;
        shop.settle(order.id, OrderStatus::Accepted).await;
        let (by, context) = (
            CancelledBy::Customer(order.customer),
            MessageContext::default(),
        );
        let mut work = CancelOrder::new(&shop.database, &SystemClock, context, order.id, by, None);
        transact(&shop.database, &mut work).await.unwrap().unwrap();
        let details = told::<OrderDetails>(&shop, order.id).await;
        assert_eq!(details.last().map(|it| it.version), Some(2), "it rests");
        let before = shop.contents().await;
        handle_twice(&shop, &handler, &[payment(&order, status)]).await;
        assert_eq!(shop.contents().await, before, "{status:?}");
    }
}

#[tokio::test]
async fn the_same_order_paid_otherwise_is_another_request() {
    let basket = request(customer(), &[("cup", 1)], None).basket;
    let key =
        |payment: Option<&PaymentChoice>| retry_key(customer(), "a", &basket, payment, None).body;
    let other = PaymentChoice::Card {
        token: "tok_declined".to_owned(),
    };
    let all = [
        None,
        Some(card()),
        Some(other),
        Some(PaymentChoice::Balance),
        Some(PaymentChoice::Later),
    ];
    for (number, one) in all.iter().enumerate() {
        for another in &all[..number] {
            assert!(
                key(one.as_ref()) != key(another.as_ref()),
                "{one:?} {another:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_order_asks_for_payment_over_http() {
    let service = Service::start(1).await;
    let me = service.user();
    let order = async |payment: serde_json::Value| {
        let lines = json!([{ "name": "cup", "quantity": 1 }]);
        let body = json!({ "products": lines, "payment": payment });
        me.post(&body.to_string(), &[]).await
    };
    for payment in [
        json!({ "method": "card", "token": "tok_ok" }),
        json!({ "method": "balance" }),
        json!({ "method": "later" }),
    ] {
        let placed = order(payment.clone()).await;
        assert_eq!(placed.status, 201, "{payment}: {}", placed.body);
        let id: OrderId = placed.text("id").parse().unwrap();
        assert!(service.shop.order(id).await.asks.payment);
    }
    let created = service.published(3).await;
    assert!(created.iter().all(|it| it.event.asks.payment));
    for wrong in [
        json!("card"),
        json!({}),
        json!({ "method": "cash" }),
        json!({ "method": "card" }),
        json!({ "method": "card", "token": "" }),
        json!({ "method": "card", "token": "a b" }),
        json!({ "method": "card", "token": "x".repeat(201) }),
        json!({ "method": "balance", "token": "tok_ok" }),
    ] {
        let refused = order(wrong.clone()).await;
        assert_eq!(refused.problem(), (422, "invalid-body"), "{wrong}");
    }
    assert_eq!(service.shop.count("orders").await, 3);
    service.stop().await;
}
