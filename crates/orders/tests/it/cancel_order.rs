//! Cancelling orders: by the command, through its races, and over HTTP.

use events::{
    AccountId, Asks, Cancellation, OrderId, OrderStatus, OrderStatusUpdate, OrderUpdate, Reason,
};
use http::Method;
use orders::commands::{CancelOrder, CancelledBy, NotCancelled};
use orders::domain::{Author, Order, update_id};
use orders::handlers::OnOrderStatusUpdate;
use outbox::{Clock, Event, Message, MessageContext, OutboxStore as _, SystemClock, transact};
use serde_json::json;
use service::token::Role;
use testkit::faults::{FaultCounts, Share, each_command, in_shares};

use crate::faults::{SHARES, Setup};
use crate::fixture::{Shop, customer, decided, handle, handle_twice};
use crate::server::{Answer, Client, Service, answer};

async fn cancel(
    shop: &Shop,
    order: OrderId,
    by: CancelledBy,
) -> Result<(Order, bool), NotCancelled> {
    let (database, context) = (&shop.database, MessageContext::default());
    let mut work = CancelOrder::new(database, &SystemClock, context, order, by, None);
    transact(database, &mut work).await.unwrap()
}

/// What the outbox says of the order's steps, oldest first.
async fn told(shop: &Shop, order: OrderId) -> Vec<(uuid::Uuid, OrderUpdate)> {
    let records = shop.database.pending(10_000, &[]).await.unwrap();
    let messages = records.iter().flat_map(|record| &record.messages);
    messages
        .filter(|message| message.event_type == OrderUpdate::TYPE)
        .filter(|message| message.key == order.to_string())
        .map(|message| (message.id, read(message)))
        .collect()
}

fn read(message: &Message) -> OrderUpdate {
    OrderUpdate::read(message.version, &message.payload).unwrap()
}

#[tokio::test]
async fn a_cancelled_order_is_told_once_with_who_wanted_it() {
    let shop = Shop::open().await;
    let ours = CancelledBy::Admin(AccountId::from_u128(1));
    for accepted in [false, true] {
        for (by_customer, reason) in [
            (true, Cancellation::CancelledByCustomer),
            (false, Cancellation::CancelledByShop),
        ] {
            let order = shop.place_one(customer()).await;
            if accepted {
                shop.settle(order.id, OrderStatus::Accepted).await;
            }
            let by = if by_customer {
                CancelledBy::Customer(order.customer)
            } else {
                ours
            };
            let (cancelled, now) = cancel(&shop, order.id, by).await.unwrap();
            assert!(now);
            assert_eq!(cancelled, shop.order(order.id).await);
            assert_eq!(cancelled.status, OrderStatus::Cancelled);
            assert_eq!(cancelled.reason, Some(Reason::Cancellation(reason)));
            let last = cancelled.history.last().unwrap();
            assert_eq!(
                (last.status, last.by),
                (OrderStatus::Cancelled, Author::Orders)
            );
            let told = told(&shop, order.id).await;
            let (id, update) = told.last().unwrap();
            assert_eq!(*update, cancelled.to_update());
            assert_eq!(*id, update_id(order.id, cancelled.version));

            let before = shop.contents().await;
            let (again, now) = cancel(&shop, order.id, by).await.unwrap();
            assert_eq!(
                (again, now),
                (cancelled, false),
                "repeated, it stays as it is"
            );
            assert_eq!(before, shop.contents().await);
        }
    }
}

#[tokio::test]
async fn what_can_not_be_cancelled_stays_and_says_why() {
    let shop = Shop::open().await;
    let rejected = shop.place_one(customer()).await;
    shop.settle(rejected.id, OrderStatus::Rejected).await;
    let before = shop.contents().await;
    let mine = CancelledBy::Customer(rejected.customer);
    let late = Err(NotCancelled::TooLate(OrderStatus::Rejected));
    assert_eq!(cancel(&shop, rejected.id, mine).await, late);
    let stranger = CancelledBy::Customer(customer());
    let unknown = Err(NotCancelled::Unknown);
    assert_eq!(cancel(&shop, rejected.id, stranger).await, unknown);
    let nothing = OrderId::from_u128(1);
    assert_eq!(cancel(&shop, nothing, mine).await, unknown);
    assert_eq!(before, shop.contents().await);
}

/// Whoever comes first, the order is cancelled, and its decision is heard or overtaken.
#[tokio::test]
async fn a_cancellation_and_a_decision_at_once_are_one_way() {
    let shop = Shop::open().await;
    for decision in [OrderStatus::Accepted, OrderStatus::Rejected] {
        for _ in 0..8 {
            let order = shop.place_one(customer()).await;
            let handler = OnOrderStatusUpdate::new(shop.database.clone());
            let decided = [decided(order.id, decision)];
            let deciding = async {
                // The inbox tries a batch again that lost a race.
                while handle(&shop.database, &handler, &decided).await.is_err() {}
            };
            let by = CancelledBy::Customer(order.customer);
            let (cancelled, ()) = tokio::join!(cancel(&shop, order.id, by), deciding);
            let now = shop.order(order.id).await;
            let way: Vec<OrderStatus> = now.history.iter().map(|step| step.status).collect();
            match cancelled {
                Ok(_) => assert_eq!(way.last(), Some(&OrderStatus::Cancelled)),
                Err(why) => {
                    assert_eq!(why, NotCancelled::TooLate(OrderStatus::Rejected));
                    assert_eq!(way, [OrderStatus::Pending, OrderStatus::Rejected]);
                }
            }
            let steps = way.windows(2);
            assert!(
                steps
                    .into_iter()
                    .all(|step| step[0].may_become(step[1], Asks::NOTHING)),
                "{way:?}"
            );
            let versions: Vec<u64> = told(&shop, order.id)
                .await
                .iter()
                .map(|(_, update)| update.version)
                .collect();
            let expected: Vec<u64> = (2..=now.version).collect();
            assert_eq!(versions, expected, "each step is told once, in order");
            handle_twice(&shop, &handler, &decided).await;
            assert_eq!(
                shop.order(order.id).await,
                now,
                "a decision that comes again"
            );
        }
    }
}

/// A clock that is a minute behind the others'.
struct Behind;

impl Clock for Behind {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1)
    }

    fn uuid(&self) -> uuid::Uuid {
        let seconds = u64::try_from(self.now().as_second()).unwrap();
        uuid::Uuid::new_v7(uuid::Timestamp::from_unix_time(seconds, 0, 0, 0))
    }
}

/// The relay publishes records in the order of their ids, some at a time.
#[tokio::test]
async fn a_cancellation_is_published_after_its_order_whatever_the_clocks_say() {
    let shop = Shop::open().await;
    let order = shop.place_one(customer()).await;
    let by = CancelledBy::Customer(order.customer);
    let context = MessageContext::default();
    let mut work = CancelOrder::new(&shop.database, &Behind, context, order.id, by, None);
    transact(&shop.database, &mut work).await.unwrap().unwrap();
    let first = shop.database.pending(1, &[]).await.unwrap();
    assert_eq!(first[0].messages[0].event_type, "OrderCreate");
    let cancelled = shop.order(order.id).await;
    assert!(
        cancelled.changed_at > order.changed_at,
        "the next step comes after it"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_cancelled_once_whatever_command_fails() {
    in_shares(SHARES, cancellations).await;
}

async fn cancellations(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let unit = "orders: cancelling an order";
    each_command(&setup.proxy, share, unit, async |what| {
        setup.proxy.rest();
        let order = setup.shop.place_one(customer()).await;
        setup.published().await;
        setup.proxy.go_on();
        let by = CancelledBy::Customer(order.customer);
        let cancelled = loop {
            let context = MessageContext::default();
            let mut work =
                CancelOrder::new(&setup.proxied, &SystemClock, context, order.id, by, None);
            if let Ok(done) = transact(&setup.proxied, &mut work).await {
                break done.unwrap().0;
            }
        };
        setup.proxy.rest();
        let now = setup.shop.order(order.id).await;
        assert_eq!(cancelled, now, "{what}: as it is");
        assert_eq!(
            (now.status, now.version),
            (OrderStatus::Cancelled, 2),
            "{what}: one step"
        );
        let published = setup.published().await;
        assert_eq!(published.len(), 1, "{what}: told once");
        assert_eq!(published[0].id, update_id(order.id, 2), "{what}");
    })
    .await
}

async fn post(client: &Client, order: &str, body: Option<serde_json::Value>) -> Answer {
    let request = client.request(Method::POST, &format!("/api/orders/{order}/cancel"));
    answer(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

#[tokio::test]
async fn a_customer_and_an_admin_cancel_over_http() {
    let service = Service::start(1).await;
    let me = service.user();
    let place = async || {
        let placed = me.order(&[("cup", 1)], &[]).await;
        placed.text("id").to_owned()
    };
    let id = place().await;
    let note = json!({ "reason": " ordered by mistake\nsorry " });
    let cancelled = post(&me, &id, Some(note)).await;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    assert_eq!(cancelled.body["status"], "CANCELLED");
    assert_eq!(cancelled.body["reason"]["code"], "cancelled-by-customer");
    let step = &cancelled.body["history"][1];
    assert_eq!(step["note"], "ordered by mistake\nsorry");
    assert_eq!(
        (&step["status"], &step["by"]),
        (&json!("CANCELLED"), &json!("orders"))
    );
    let again = post(&me, &id, None).await;
    assert_eq!((again.status.as_u16(), again.body), (200, cancelled.body));

    // Someone else's is not there, but for an admin.
    let id = place().await;
    let stranger = service.client(0, customer(), Role::User);
    assert_eq!(
        post(&stranger, &id, None).await.problem(),
        (404, "unknown-order")
    );
    let admin = service.client(0, customer(), Role::Admin);
    let by_shop = post(&admin, &id, Some(json!({}))).await;
    assert_eq!(by_shop.body["reason"]["code"], "cancelled-by-shop");
    assert!(by_shop.body["history"][1].get("note").is_none());

    // A decision comes too late; a rejected order has nothing to cancel.
    let id: OrderId = place().await.parse().unwrap();
    let rejected = OrderStatusUpdate {
        order_id: id,
        status: OrderStatus::Rejected,
        reason: None,
        version: 1,
    };
    let environment = service.shop.environment();
    environment
        .publish(&rejected, MessageContext::default())
        .await;
    testkit::eventually("it is rejected", async || {
        service.shop.order(id).await.status == OrderStatus::Rejected
    })
    .await;
    let late = post(&me, &id.to_string(), None).await;
    assert_eq!(late.problem(), (409, "too-late"));
    assert_eq!(late.body["order_status"], "REJECTED");
    service.stop().await;
}

#[tokio::test]
async fn a_wrong_cancellation_is_refused_and_changes_nothing() {
    let service = Service::start(1).await;
    let me = service.user();
    let id = me.order(&[("cup", 1)], &[]).await.text("id").to_owned();
    let before = service.shop.contents().await;
    for wrong in [
        json!({ "reason": "" }),
        json!({ "reason": "x".repeat(501) }),
        json!({ "reason": "a\u{0}b" }),
        json!({ "reason": 5 }),
        json!({ "because": "of that" }),
    ] {
        let refused = post(&me, &id, Some(wrong.clone())).await;
        assert_eq!(refused.problem(), (422, "invalid-body"), "{wrong}");
    }
    for unknown in ["1", "0199aaaa-0000-7000-8000-000000000000"] {
        assert_eq!(
            post(&me, unknown, None).await.problem(),
            (404, "unknown-order")
        );
    }
    let nobody = Client {
        token: None,
        ..service.user()
    };
    assert_eq!(
        post(&nobody, &id, None).await.problem(),
        (401, "unauthorized")
    );
    let orders_before: Vec<_> = before
        .iter()
        .filter(|it| it.starts_with("orders "))
        .collect();
    let now = service.shop.contents().await;
    let orders_now: Vec<_> = now.iter().filter(|it| it.starts_with("orders ")).collect();
    assert_eq!(orders_before, orders_now);
    service.stop().await;
}
