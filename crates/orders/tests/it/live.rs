//! Waiting for orders and listening to them, over two instances.

use std::pin::Pin;
use std::time::{Duration, Instant};

use events::{AccountId, OrderId, OrderStatus, OrderStatusUpdate};
use eventsource_stream::{Event, Eventsource};
use futures::{Stream, StreamExt};
use http::Method;
use outbox::MessageContext;
use serde_json::Value;
use service::token::Role;

use crate::fixture::customer;
use crate::server::{Client, Service};

struct Following(Pin<Box<dyn Stream<Item = Event> + Send>>);

impl Following {
    async fn start(client: &Client, last: Option<&str>) -> Self {
        let open = async || {
            let mut request = client.request(Method::GET, "/api/orders/stream");
            if let Some(last) = last {
                request = request.header("last-event-id", last);
            }
            request.send().await.unwrap()
        };
        let mut response = open().await;
        // On a busy machine the change stream may not be open in time: a client comes again then.
        while response.status() == 503 {
            assert!(response.headers().contains_key("retry-after"));
            response = open().await;
        }
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let events = response.bytes_stream().eventsource();
        Self(Box::pin(events.filter_map(async |event| event.ok())))
    }

    /// The next change: the event's id and the order.
    async fn next(&mut self) -> (String, Value) {
        let event = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await;
        let event = event
            .expect("an event comes in time")
            .expect("the stream goes on");
        assert_eq!(event.event, "order");
        (event.id, serde_json::from_str(&event.data).unwrap())
    }

    /// The change of `order`, past others.
    async fn until(&mut self, order: OrderId) -> (String, Value) {
        loop {
            let (id, body) = self.next().await;
            if body["id"] == order.to_string() {
                return (id, body);
            }
        }
    }
}

async fn publish(service: &Service, order_id: OrderId, status: OrderStatus) {
    let update = OrderStatusUpdate {
        order_id,
        status,
        reason: None,
        version: 1,
    };
    service
        .shop
        .environment()
        .publish(&update, MessageContext::default())
        .await;
}

async fn placed(client: &Client, account: AccountId, service: &Service) -> OrderId {
    let answer = client.order(&[("cup", 1)], &[]).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let order: OrderId = answer.text("id").parse().unwrap();
    assert_eq!(service.shop.order(order).await.customer, account);
    order
}

#[tokio::test]
async fn changes_reach_the_customer_on_each_instance_and_nobody_else() {
    let service = Service::start(2).await;
    let (account, other) = (customer(), customer());
    let here = service.client(0, account, Role::User);
    let there = service.client(1, account, Role::User);
    let stranger = service.client(0, other, Role::User);
    let (mut a, mut b, mut c) = tokio::join!(
        Following::start(&here, None),
        Following::start(&there, None),
        Following::start(&stranger, None),
    );
    // Several, so that their partitions lie with both instances.
    for _ in 0..6 {
        let order = placed(&there, account, &service).await;
        publish(&service, order, OrderStatus::Accepted).await;
        for following in [&mut a, &mut b] {
            let (_, body) = following.until(order).await;
            assert_eq!(body["status"], "ACCEPTED");
            assert_eq!(body["history"].as_array().unwrap().len(), 2);
        }
    }
    // The stranger's first change is of an own order: none of the others came before it.
    let own = placed(&stranger, other, &service).await;
    publish(&service, own, OrderStatus::Rejected).await;
    let (_, body) = c.next().await;
    assert_eq!(
        (body["id"].as_str(), body["status"].as_str()),
        (Some(own.to_string().as_str()), Some("REJECTED"))
    );

    // What is missed comes first after a reconnect, at another instance too.
    let order = placed(&here, account, &service).await;
    publish(&service, order, OrderStatus::Accepted).await;
    let (last, _) = a.until(order).await;
    drop((a, b));
    let mut missed = Vec::new();
    for _ in 0..3 {
        let order = placed(&here, account, &service).await;
        publish(&service, order, OrderStatus::Accepted).await;
        missed.push(order);
    }
    for order in &missed {
        testkit::eventually("the order is settled", async || {
            service.shop.order(*order).await.status == OrderStatus::Accepted
        })
        .await;
    }
    let mut resumed = Following::start(&there, Some(&last)).await;
    for _ in &missed {
        // In the order of their changes, after what is sent again.
        resumed.until_any(&mut missed.clone()).await;
    }
    let next = placed(&here, account, &service).await;
    publish(&service, next, OrderStatus::Accepted).await;
    resumed.until(next).await;
    drop((resumed, c));
    service.stop().await;
}

impl Following {
    /// A change of one of `orders`, past others.
    async fn until_any(&mut self, orders: &mut Vec<OrderId>) {
        loop {
            let (_, body) = self.next().await;
            let before = orders.len();
            orders.retain(|order| body["id"] != order.to_string());
            if orders.len() < before {
                return;
            }
        }
    }
}

#[tokio::test]
async fn an_open_stream_does_not_hold_up_the_end() {
    let service = Service::start(1).await;
    let me = service.user();
    let mut following = Following::start(&me, None).await;
    let began = Instant::now();
    let ending = async { while following.0.next().await.is_some() {} };
    tokio::join!(ending, service.stop());
    assert!(
        began.elapsed() < Duration::from_secs(9),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn an_answer_waits_until_the_order_is_settled_or_the_time_is_over() {
    let service = Service::start(2).await;
    let account = customer();
    let me = service.client(0, account, Role::User);
    let began = Instant::now();
    let late = me.order(&[("cup", 1)], &[("prefer", "wait=1")]).await;
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(
        (late.status.as_u16(), late.text("status")),
        (201, "PENDING")
    );
    assert_eq!(late.headers["preference-applied"], "wait=1");
    let first: OrderId = late.text("id").parse().unwrap();

    // With the changes closed or open, at an instance that handles the decision or does not.
    for instance in [0, 1, 0, 1] {
        let client = service.client(instance, account, Role::User);
        let began = Instant::now();
        let lines = [("cup", 1)];
        let headers = [
            ("prefer", "respond-async, wait=25"),
            ("idempotency-key", &began_key(instance)),
        ];
        let waiting = client.order(&lines, &headers);
        let deciding = async {
            let filter = orders::store::OrderFilter {
                customer: Some(account),
                status: Some(OrderStatus::Pending),
                id: None,
            };
            let orders = service.shop.orders();
            let pending = async || {
                let found = orders.newest(filter, None, 10).await.unwrap();
                found.into_iter().find(|order| order.id != first)
            };
            testkit::eventually("the order is there", async || pending().await.is_some()).await;
            publish(&service, pending().await.unwrap().id, OrderStatus::Accepted).await;
        };
        let (answer, ()) = tokio::join!(waiting, deciding);
        assert_eq!(
            (answer.status.as_u16(), answer.text("status")),
            (201, "ACCEPTED")
        );
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            began.elapsed()
        );

        let again = client.order(&lines, &headers).await;
        assert_eq!(again.text("id"), answer.text("id"));
        assert_eq!(again.text("status"), "ACCEPTED");
        assert_eq!(again.headers["idempotent-replayed"], "true");
    }
    let none = me.order(&[("cup", 1)], &[("prefer", "wait=0")]).await;
    assert_eq!(
        (
            none.text("status"),
            none.headers["preference-applied"].to_str().unwrap()
        ),
        ("PENDING", "wait=0")
    );
    service.stop().await;
}

fn began_key(instance: usize) -> String {
    format!("{instance}-{}", uuid::Uuid::now_v7())
}
