//! The hub over a feed of the test's own: what happens when the feed breaks or ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use events::{AccountId, OrderId, OrderStatus};
use jiff::Timestamp;
use orders::domain::{Basket, Identity, Order, ProductCopy, place};
use orders::live::{Change, Changes, Feed, Hub};
use outbox::StoreError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::fixture::{customer, product};

type OrderChange = Result<Vec<Change>, StoreError>;

#[derive(Default)]
struct State {
    orders: HashMap<OrderId, Order>,
    asked: Vec<OrderId>,
    /// One for each time that the feed was opened.
    opened: Vec<UnboundedSender<OrderChange>>,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<State>>);

struct Opened(UnboundedReceiver<OrderChange>);

impl Feed for Fake {
    type Changes = Opened;

    async fn open(&self) -> Result<Opened, StoreError> {
        let (tell, changes) = unbounded_channel();
        self.0.lock().unwrap().opened.push(tell);
        Ok(Opened(changes))
    }

    async fn orders(&self, ids: &[OrderId]) -> Result<Vec<Order>, StoreError> {
        let mut state = self.0.lock().unwrap();
        state.asked.extend(ids);
        Ok(ids
            .iter()
            .filter_map(|id| state.orders.get(id).cloned())
            .collect())
    }
}

impl Changes for Opened {
    async fn next(&mut self) -> OrderChange {
        self.0
            .recv()
            .await
            .unwrap_or_else(|| Err(StoreError::transient("gone")))
    }
}

impl Fake {
    fn order(&self, customer: AccountId, status: OrderStatus) -> Order {
        let basket = Basket::new([("cup".to_owned(), 1)]).unwrap();
        let id = OrderId::from_bytes(uuid::Uuid::now_v7().into_bytes());
        let who = Identity {
            id,
            customer,
            asks: events::Asks::NOTHING,
            now: Timestamp::now(),
        };
        let cup = product(2, "cup", 599, 200, 1);
        let cup = (cup.product_id, ProductCopy::from(&cup));
        let order = Order {
            status,
            ..place(who, &basket, |_| Some(cup.clone())).unwrap()
        };
        self.0
            .lock()
            .unwrap()
            .orders
            .insert(order.id, order.clone());
        order
    }

    fn settle(&self, order: &Order) {
        let mut state = self.0.lock().unwrap();
        state.orders.get_mut(&order.id).unwrap().status = OrderStatus::Accepted;
    }

    fn opened(&self) -> usize {
        self.0.lock().unwrap().opened.len()
    }

    fn tell(&self, changes: OrderChange) {
        self.0
            .lock()
            .unwrap()
            .opened
            .last()
            .unwrap()
            .send(changes)
            .unwrap();
    }
}

fn start(feed: &Fake) -> (Hub, CancellationToken) {
    let (hub, stop) = (Hub::default(), CancellationToken::new());
    let (running, feed, stopped) = (hub.clone(), feed.clone(), stop.clone());
    tokio::spawn(async move { running.run(feed, stopped).await });
    (hub, stop)
}

fn change(order: &Order) -> Change {
    Change {
        order: order.id,
        customer: order.customer,
        at: Timestamp::now(),
    }
}

#[tokio::test]
async fn the_feed_is_closed_until_somebody_waits_and_only_asked_about_what_is_followed() {
    let feed = Fake::default();
    let (hub, _stop) = start(&feed);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(feed.opened(), 0);
    let mine = feed.order(customer(), OrderStatus::Pending);
    let listened = feed.order(customer(), OrderStatus::Accepted);
    let nobodys = feed.order(customer(), OrderStatus::Accepted);
    let mut watch = hub.watch(mine.id);
    let mut listener = hub.listen(listened.customer);
    assert!(!watch.was_open());
    assert!(watch.opened().await);
    assert!(hub.watch(mine.id).was_open());
    assert_eq!(feed.opened(), 1);

    // A change that does not settle it is no answer to who waits.
    feed.tell(Ok(vec![change(&nobodys), change(&mine), change(&listened)]));
    let changes = listener.next().await.unwrap();
    assert_eq!(changes.order.id, listened.id);
    feed.settle(&mine);
    feed.tell(Ok(vec![change(&mine)]));
    assert_eq!(watch.settled().await.unwrap().id, mine.id);
    assert!(!feed.0.lock().unwrap().asked.contains(&nobodys.id));
}

#[tokio::test]
async fn what_is_settled_while_the_feed_is_broken_is_reported_later() {
    let feed = Fake::default();
    let (hub, _stop) = start(&feed);
    let order = feed.order(customer(), OrderStatus::Pending);
    let mut watch = hub.watch(order.id);
    let mut listener = hub.listen(order.customer);
    assert!(watch.opened().await);
    feed.settle(&order);
    feed.tell(Err(StoreError::transient("the connection is gone")));
    // The one who waits is told; the one who listens comes back and reads what was missed.
    assert_eq!(watch.settled().await.unwrap().status, OrderStatus::Accepted);
    assert!(listener.next().await.is_none());
    assert_eq!(feed.opened(), 2);
}

#[tokio::test]
async fn at_the_end_nobody_is_kept_waiting() {
    let feed = Fake::default();
    let (hub, stop) = start(&feed);
    let order = feed.order(customer(), OrderStatus::Pending);
    let mut watch = hub.watch(order.id);
    let mut listener = hub.listen(order.customer);
    assert!(listener.opened().await);
    stop.cancel();
    assert!(watch.settled().await.is_none());
    assert!(listener.next().await.is_none());
    let mut late = hub.watch(order.id);
    assert!(!late.opened().await);
    assert!(late.settled().await.is_none());
}

#[tokio::test]
async fn a_listener_who_does_not_keep_up_is_let_go() {
    let feed = Fake::default();
    let (hub, _stop) = start(&feed);
    let order = feed.order(customer(), OrderStatus::Accepted);
    let mut slow = hub.listen(order.customer);
    assert!(slow.opened().await);
    for _ in 0..300 {
        feed.tell(Ok(vec![change(&order)]));
    }
    testkit::eventually("more was said than can wait", async || {
        feed.0.lock().unwrap().asked.len() > 256
    })
    .await;
    let mut heard = 0;
    while slow.next().await.is_some() {
        heard += 1;
    }
    assert_eq!(heard, 256);
}
