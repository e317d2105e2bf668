//! The service's tables without the service: commands and handlers are called directly.

use std::sync::Arc;

use bson::{Document, doc};
use events::money::DEFAULT_CURRENCY;
use events::{
    AccountId, Money, OrderId, OrderStatus, OrderStatusUpdate, ProductCreate, ProductId,
    ProductState,
};
use futures::TryStreamExt;
use jiff::Timestamp;
use orders::Orders;
use orders::commands::{Decision, PlaceOrder, PlaceOrders, Placed, retry_key};
use orders::domain::{Basket, Order, ProductCopy};
use orders::handlers::OnOrderStatusUpdate;
use orders::store::{MongoOrders, OrdersStore};
use outbox::mongo::{MongoDatabase, MongoOptions};
use outbox::{
    Database as _, Envelope, Event, EventCollector, Handle, HandleError, MessageContext,
    OutboxStore as _, SystemClock, transact,
};
use replica::{Copies, Versioned};
use testkit::TestEnvironment;
use uuid::Uuid;

pub struct Shop {
    environment: TestEnvironment,
    pub database: MongoDatabase,
}

impl Shop {
    pub async fn new() -> Self {
        let environment = TestEnvironment::new().await;
        let (uri, name) = (
            environment.mongodb_uri(),
            environment.database_name("orders"),
        );
        let database = MongoDatabase::connect(uri, &name, MongoOptions::default())
            .await
            .unwrap();
        host::prepare::<Orders>(&database).await.unwrap();
        Self {
            environment,
            database,
        }
    }

    pub fn environment(&self) -> &TestEnvironment {
        &self.environment
    }

    /// A shop that sells chairs (30 at 29.99) and cups (200 at 5.99).
    pub async fn open() -> Self {
        let shop = Self::new().await;
        shop.stock().await;
        shop
    }

    pub async fn stock(&self) {
        let products = [
            product(1, "chair", 2999, 30, 1),
            product(2, "cup", 599, 200, 1),
        ];
        let created: Vec<_> = products
            .map(|product| envelope(ProductCreate { product }))
            .into();
        let handler = Copies::<ProductCopy, _>::new(self.database.clone());
        handle(&self.database, &handler, &created).await.unwrap();
    }

    pub async fn place(&self, requests: &[PlaceOrder]) -> Vec<Decision> {
        self.place_by(&self.database, requests).await
    }

    /// The same by way of `store`.
    pub async fn place_by<D: OrdersStore>(
        &self,
        store: &D,
        requests: &[PlaceOrder],
    ) -> Vec<Decision> {
        let mut work = PlaceOrders::new(store, &SystemClock, requests, false);
        transact(store, &mut work).await.unwrap()
    }

    pub async fn place_one(&self, customer: AccountId) -> Order {
        let decision = self
            .place(&[request(customer, &[("chair", 1)], None)])
            .await
            .remove(0);
        let Ok(Placed::New(order)) = decision else {
            panic!("{decision:?}")
        };
        order
    }

    pub async fn settle(&self, order: OrderId, status: OrderStatus) {
        let handler = OnOrderStatusUpdate::new(self.database.clone());
        handle(&self.database, &handler, &[decided(order, status)])
            .await
            .unwrap();
    }

    pub fn orders(&self) -> MongoOrders {
        MongoOrders::new(self.database.clone())
    }

    pub async fn order(&self, id: OrderId) -> Order {
        self.orders()
            .by_id(id)
            .await
            .unwrap()
            .expect("the order is there")
    }

    pub async fn count(&self, collection: &str) -> u64 {
        let collection = self.database.database().collection::<Document>(collection);
        collection.count_documents(doc! {}).await.unwrap()
    }

    /// Every event that waits in the outbox, by id.
    pub async fn take_pending(&self) -> Vec<Uuid> {
        let records = self.database.pending(10_000, &[]).await.unwrap();
        records
            .iter()
            .flat_map(|record| record.messages.iter().map(|message| message.id))
            .collect()
    }

    /// The copies of products, by id.
    pub async fn copies(&self) -> Vec<Versioned<ProductCopy>> {
        let mut tx = self.database.begin().await.unwrap();
        let found = replica::mongo::find(&mut tx, doc! {}).await;
        self.database.abort(tx).await;
        let mut found = found.unwrap();
        found.sort_by_key(|copy: &Versioned<_>| copy.id);
        found
    }

    /// All that the service keeps, to be compared.
    pub async fn contents(&self) -> Vec<String> {
        let mut contents = Vec::new();
        for name in [
            "orders",
            "product_copies",
            "idempotency",
            "outbox",
            "dead_letters",
        ] {
            let collection = self.database.database().collection::<Document>(name);
            let found = collection
                .find(doc! {})
                .sort(doc! { "_id": 1 })
                .await
                .unwrap();
            let found: Vec<Document> = found.try_collect().await.unwrap();
            contents.extend(found.iter().map(|document| format!("{name} {document}")));
        }
        contents
    }
}

/// Every event of this type in the outbox that is about `order`, oldest first.
pub async fn told<E: Event>(shop: &Shop, order: OrderId) -> Vec<E> {
    let records = shop.database.pending(10_000, &[]).await.unwrap();
    let messages = records.iter().flat_map(|record| &record.messages);
    let ours = messages.filter(|it| it.event_type == E::TYPE && it.key == order.to_string());
    ours.map(|message| E::read(message.version, &message.payload).unwrap())
        .collect()
}

pub fn customer() -> AccountId {
    AccountId::from_bytes(Uuid::now_v7().into_bytes())
}

pub fn request(customer: AccountId, lines: &[(&str, i64)], key: Option<&str>) -> PlaceOrder {
    let basket = Basket::new(lines.iter().map(|(n, q)| ((*n).to_owned(), *q))).unwrap();
    PlaceOrder {
        id: OrderId::from_bytes(Uuid::now_v7().into_bytes()),
        event_id: Uuid::now_v7(),
        customer,
        retry: key.map(|key| retry_key(customer, key, &basket, None, None)),
        basket,
        payment: None,
        delivery: None,
        context: MessageContext::default(),
    }
}

pub fn product(id: u128, name: &str, minor: i64, quantity: u32, version: u64) -> ProductState {
    ProductState {
        product_id: ProductId::from_u128(id),
        name: name.to_owned(),
        description: "A good one.".to_owned(),
        price: Money::new(minor, DEFAULT_CURRENCY),
        quantity,
        stocked: None,
        categories: vec!["kitchen".to_owned()],
        version,
    }
}

pub fn envelope<E>(event: E) -> Envelope<E> {
    Envelope {
        id: Uuid::now_v7(),
        time: Timestamp::now(),
        context: MessageContext::default(),
        event,
    }
}

pub fn decided(order_id: OrderId, status: OrderStatus) -> Envelope<OrderStatusUpdate> {
    envelope(OrderStatusUpdate {
        order_id,
        status,
        reason: None,
        version: 1,
    })
}

/// Runs `handler` on `events` in a transaction of their own.
pub async fn handle<D: OrdersStore, E: Event, H: Handle<E, D>>(
    database: &D,
    handler: &H,
    events: &[Envelope<E>],
) -> Result<(), HandleError> {
    let mut tx = database.begin().await?;
    let mut out = EventCollector::new("orders", &SystemClock);
    let events: Vec<_> = events.iter().collect();
    match handler.handle(&mut tx, &events, &mut out).await {
        Ok(()) => {
            out.write(database, &mut tx).await?;
            Ok(database.commit(tx).await?)
        }
        Err(fault) => {
            database.abort(tx).await;
            Err(fault)
        }
    }
}

/// Runs `handler` on `events`, then again, and sees that the second time changed nothing.
pub async fn handle_twice<E: Event, H: Handle<E, MongoDatabase>>(
    shop: &Shop,
    handler: &H,
    events: &[Envelope<E>],
) {
    handle_twice_by(shop, &shop.database, handler, events).await;
}

/// The same by way of `store`.
pub async fn handle_twice_by<D: OrdersStore, E: Event, H: Handle<E, D>>(
    shop: &Shop,
    store: &D,
    handler: &H,
    events: &[Envelope<E>],
) {
    handle(store, handler, events).await.unwrap();
    let once = shop.contents().await;
    handle(store, handler, events).await.unwrap();
    assert_eq!(
        once,
        shop.contents().await,
        "the second time has changed something"
    );
}

pub fn clock() -> Arc<dyn outbox::Clock> {
    Arc::new(SystemClock)
}
