//! What cancelled orders give back, on the real database.

use events::{OrderCreate, OrderStatus, OrderUpdate, ProductState};
use jiff::Timestamp;
use outbox::mongo::MongoDatabase;
use outbox::{
    Envelope, ErrorKind, EventCollector, Handle, HandleError, StoreError, Work, transact,
};
use products::handlers::OnOrderUpdate;
use products::store::{StockChange, StockStore};
use uuid::Uuid;

use crate::fixture::{Published, Shop, handle, order};

/// What orders says of `placed` once it is in `status`.
pub(crate) fn update(placed: &Envelope<OrderCreate>, status: OrderStatus) -> Envelope<OrderUpdate> {
    let order = &placed.event;
    Envelope {
        id: Uuid::now_v7(),
        time: Timestamp::now(),
        context: placed.context.clone(),
        event: OrderUpdate {
            order_id: order.order_id,
            customer_id: order.customer_id,
            lines: order.lines.clone(),
            total: order.total,
            asks: order.asks,
            status,
            reason: None,
            by: "orders".to_owned(),
            version: 2,
        },
    }
}

pub(crate) fn cancelled(placed: &Envelope<OrderCreate>) -> Envelope<OrderUpdate> {
    update(placed, OrderStatus::Cancelled)
}

/// Hands `batch` to the handler once, in a transaction of its own.
async fn release<D: StockStore>(
    shop: &Shop,
    store: &D,
    batch: &[Envelope<OrderUpdate>],
) -> Result<Published, StoreError> {
    struct Releasing<'a, D> {
        shop: &'a Shop,
        store: &'a D,
        batch: &'a [Envelope<OrderUpdate>],
    }

    impl<D: StockStore> Work<D> for Releasing<'_, D> {
        type Output = Vec<outbox::Message>;

        async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
            let events: Vec<&Envelope<OrderUpdate>> = self.batch.iter().collect();
            let mut out = EventCollector::new("products", self.shop.clock.as_ref());
            let handler = OnOrderUpdate::new(self.store.clone());
            match handler.handle(tx, &events, &mut out).await {
                Ok(()) => Ok(out.messages().to_vec()),
                Err(HandleError::Retry(fault)) => Err(fault),
                Err(HandleError::DeadLetter(reason)) => Err(StoreError::permanent(reason)),
            }
        }
    }

    let mut work = Releasing { shop, store, batch };
    transact(store, &mut work).await.map(Published::new)
}

fn said(published: Published) -> Vec<ProductState> {
    let updates = published.products.into_iter();
    updates.map(|update| update.product).collect()
}

#[tokio::test]
async fn a_cancelled_order_gives_its_stock_back_once() {
    gives_back_once(|db| db).await;
}

/// Through `adapter` to the database.
pub(crate) async fn gives_back_once<D: StockStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    let store = adapter(shop.database.clone());
    let (cup, pan) = (shop.product("cup", 10).await, shop.product("pan", 3).await);
    let (first, second) = (
        order(&[(cup.product_id, 4), (pan.product_id, 3)]),
        order(&[(cup.product_id, 2)]),
    );
    shop.handle(&[first.clone(), second.clone()]).await;

    // Both in one batch, one of them twice: one write for each product.
    let batch = [cancelled(&first), cancelled(&second), cancelled(&first)];
    let mut told = said(release(&shop, &store, &batch).await.unwrap());
    told.sort_by_key(|product| product.product_id);
    let (cup_now, pan_now) = (
        shop.state(cup.product_id).await,
        shop.state(pan.product_id).await,
    );
    assert_eq!((cup_now.quantity, cup_now.version), (10, cup.version + 2));
    assert_eq!((pan_now.quantity, pan_now.version), (3, pan.version + 2));
    assert_eq!(told, [cup_now, pan_now], "the full state is said");

    let documents = shop.documents().await;
    for batch in [&batch[..], &batch[..1]] {
        let again = release(&shop, &store, batch).await.unwrap();
        assert!(again.messages.is_empty(), "a release is published once");
    }
    // The order itself again, as in a replay: the decision stays as it is.
    let replayed = handle(&shop.database, &shop.clock, &[first]).await.unwrap();
    assert_eq!((replayed.accepted(), replayed.products.len()), (1, 0));
    assert_eq!(shop.documents().await, documents, "a release happens once");
}

#[tokio::test]
async fn what_was_given_nothing_gives_nothing_back() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 1).await.product_id;
    let (rejected, unknown) = (order(&[(cup, 2)]), order(&[(cup, 1)]));
    shop.handle(std::slice::from_ref(&rejected)).await;
    let documents = shop.documents().await;
    let batch = [cancelled(&rejected), cancelled(&unknown)];
    let published = release(&shop, &shop.database, &batch).await.unwrap();
    assert!(published.messages.is_empty());
    assert_eq!(shop.documents().await, documents);
}

#[tokio::test]
async fn what_is_given_back_can_be_had_by_another() {
    let shop = Shop::open().await;
    let laptop = shop.product("laptop", 1).await.product_id;
    let (first, second) = (order(&[(laptop, 1)]), order(&[(laptop, 1)]));
    assert_eq!(
        shop.handle(std::slice::from_ref(&first)).await.accepted(),
        1
    );
    release(&shop, &shop.database, &[cancelled(&first)])
        .await
        .unwrap();
    assert_eq!(shop.handle(&[second]).await.accepted(), 1);
    assert_eq!(shop.state(laptop).await.quantity, 0);
}

#[tokio::test]
async fn an_update_of_another_status_is_none_of_its_business() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 1).await.product_id;
    let placed = order(&[(cup, 1)]);
    let handler = OnOrderUpdate::new(shop.database.clone());
    for status in OrderStatus::ALL {
        let wanted = handler.wants(&update(&placed, *status).event);
        assert_eq!(wanted, *status == OrderStatus::Cancelled, "{status:?}");
    }
}

#[tokio::test]
async fn a_stale_version_and_a_released_order_match_nothing() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 5).await;
    let (accepted, rejected) = (order(&[(cup.product_id, 1)]), order(&[(cup.product_id, 9)]));
    shop.handle(&[accepted.clone(), rejected.clone()]).await;
    release(&shop, &shop.database, &[cancelled(&accepted)])
        .await
        .unwrap();
    let documents = shop.documents().await;
    let stale = StockChange {
        product_id: cup.product_id,
        version: cup.version,
        quantity: 1,
    };
    let conflicts = async |stale: &[StockChange], orders: &[_]| {
        use outbox::Database as _;
        let mut tx = shop.database.begin().await.unwrap();
        let done = match stale {
            [] => {
                let at = Timestamp::now();
                shop.database.mark_released(&mut tx, orders, at).await
            }
            stale => shop.database.give_back(&mut tx, stale).await,
        };
        shop.database.abort(tx).await;
        done.err().map(|fault| fault.kind()) == Some(ErrorKind::Conflict)
    };
    assert!(conflicts(&[stale], &[]).await);
    assert!(
        conflicts(&[], &[accepted.event.order_id]).await,
        "it was released"
    );
    assert!(
        conflicts(&[], &[rejected.event.order_id]).await,
        "it was given nothing"
    );
    assert_eq!(shop.documents().await, documents);
}
