//! A products database of the test's own, and what is done with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::{Document, doc};
use events::money::DEFAULT_CURRENCY;
use events::{
    AccountId, Money, OrderCreate, OrderId, OrderLine, OrderStatusUpdate, ProductId, ProductState,
    ProductsQuantityUpdate,
};
use futures::TryStreamExt;
use jiff::Timestamp;
use outbox::mongo::MongoDatabase;
use outbox::{
    Clock, Envelope, Event, EventCollector, Handle, HandleError, Message, MessageContext,
    StoreError, SystemClock, Work, transact,
};
use products::Products;
use products::commands::{create_category, create_product};
use products::domain::{CategoryName, Draft, DraftFields};
use products::handlers::OnOrderCreate;
use products::store::StockStore;
use testkit::TestEnvironment;
use uuid::Uuid;

pub(crate) struct Shop {
    pub(crate) environment: TestEnvironment,
    pub(crate) database: MongoDatabase,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The documents of the collections that say what the shop has and promised.
pub(crate) type StockBalance = BTreeMap<&'static str, Vec<Document>>;

impl Shop {
    pub(crate) async fn open() -> Self {
        let environment = TestEnvironment::new().await;
        let database = environment.database("products").await;
        host::prepare::<Products>(&database).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let shop = Self {
            environment,
            database,
            clock,
        };
        let category = CategoryName::new("things").unwrap();
        create_category(&shop.database, shop.clock.as_ref(), category)
            .await
            .unwrap();
        shop
    }

    pub(crate) async fn product(&self, name: &str, quantity: i64) -> ProductState {
        self.priced(name, "5.99", quantity).await
    }

    pub(crate) async fn priced(&self, name: &str, price: &str, quantity: i64) -> ProductState {
        let draft = draft(name, price, quantity);
        create_product(
            &self.database,
            self.clock.as_ref(),
            MessageContext::default(),
            draft,
        )
        .await
        .unwrap()
    }

    pub(crate) async fn state(&self, id: ProductId) -> ProductState {
        let mut read = Read {
            store: &self.database,
            id,
        };
        transact(&self.database, &mut read).await.unwrap()
    }

    /// Every document of what the shop has and promised, in order.
    pub(crate) async fn documents(&self) -> StockBalance {
        let mut documents = StockBalance::new();
        for name in ["products", "categories", "reservations", "outbox"] {
            let all = self.database.database().collection::<Document>(name);
            let found = all
                .find(Document::new())
                .sort(doc! { "_id": 1 })
                .await
                .unwrap();
            documents.insert(name, found.try_collect().await.unwrap());
        }
        documents
    }

    /// Hands `batch` to the handler twice, and asserts that the second time changes nothing
    /// and says the same decisions. What the first time said comes back.
    pub(crate) async fn handle(&self, batch: &[Envelope<OrderCreate>]) -> Published {
        self.handle_by(&self.database, batch).await
    }

    /// The same by way of `store`.
    pub(crate) async fn handle_by<D: StockStore>(
        &self,
        store: &D,
        batch: &[Envelope<OrderCreate>],
    ) -> Published {
        let first = handle(store, &self.clock, batch).await.unwrap();
        let documents = self.documents().await;
        let second = handle(store, &self.clock, batch).await.unwrap();
        assert_eq!(
            self.documents().await,
            documents,
            "the second time changed something"
        );
        assert!(
            second.products.is_empty(),
            "the second time changed a product"
        );
        let ids = |published: &Published| -> Vec<(Uuid, Vec<u8>)> {
            published
                .messages
                .iter()
                .filter(|message| message.event_type == OrderStatusUpdate::TYPE)
                .map(|message| (message.id, message.payload.clone()))
                .collect()
        };
        assert_eq!(
            ids(&second),
            ids(&first),
            "the second time says something else"
        );
        first
    }
}

/// What a handler said.
pub(crate) struct Published {
    pub(crate) messages: Vec<Message>,
    pub(crate) statuses: Vec<OrderStatusUpdate>,
    pub(crate) products: Vec<ProductsQuantityUpdate>,
}

impl Published {
    pub(crate) fn new(messages: Vec<Message>) -> Self {
        Self {
            statuses: read(&messages),
            products: read(&messages),
            messages,
        }
    }

    pub(crate) fn accepted(&self) -> usize {
        self.statuses
            .iter()
            .filter(|update| update.status == events::OrderStatus::Accepted)
            .count()
    }
}

fn read<E: Event>(messages: &[Message]) -> Vec<E> {
    messages
        .iter()
        .filter(|message| message.event_type == E::TYPE)
        .map(|message| E::read(message.version, &message.payload).unwrap())
        .collect()
}

/// Hands `batch` to the handler once, in a transaction of its own.
pub(crate) async fn handle<D: StockStore>(
    store: &D,
    clock: &Arc<dyn Clock>,
    batch: &[Envelope<OrderCreate>],
) -> Result<Published, StoreError> {
    let handler = OnOrderCreate::new(store.clone(), Arc::clone(clock));
    let mut work = Handling {
        handler,
        clock,
        batch,
    };
    transact(store, &mut work).await.map(Published::new)
}

struct Handling<'a, D> {
    handler: OnOrderCreate<D>,
    clock: &'a Arc<dyn Clock>,
    batch: &'a [Envelope<OrderCreate>],
}

impl<D: StockStore> Work<D> for Handling<'_, D> {
    type Output = Vec<Message>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Vec<Message>, StoreError> {
        let events: Vec<&Envelope<OrderCreate>> = self.batch.iter().collect();
        let mut out = EventCollector::new("products", self.clock.as_ref());
        match self.handler.handle(tx, &events, &mut out).await {
            Ok(()) => Ok(out.messages().to_vec()),
            Err(HandleError::Retry(fault)) => Err(fault),
            Err(HandleError::DeadLetter(reason)) => Err(StoreError::permanent(reason)),
        }
    }
}

struct Read<'a, D> {
    store: &'a D,
    id: ProductId,
}

impl<D: StockStore> Work<D> for Read<'_, D> {
    type Output = ProductState;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<ProductState, StoreError> {
        let mut found = self.store.products(tx, &[self.id]).await?;
        Ok(found.remove(&self.id).expect("the product is there"))
    }
}

pub(crate) fn draft(name: &str, price: &str, quantity: i64) -> Draft {
    let categories = ["things".to_owned()];
    let description = "a thing for tests";
    Draft::new(&DraftFields {
        name,
        description,
        price,
        quantity,
        categories: &categories,
    })
    .unwrap()
}

/// An order that asks for `lines`, as `orders` would say it.
pub(crate) fn order(lines: &[(ProductId, u32)]) -> Envelope<OrderCreate> {
    let line = |&(product_id, quantity): &(ProductId, u32)| OrderLine {
        product_id,
        name: "thing".to_owned(),
        quantity,
        unit_price: Money::new(599, DEFAULT_CURRENCY),
        seller: None,
    };
    let event = OrderCreate {
        order_id: OrderId::from_bytes(Uuid::now_v7().into_bytes()),
        customer_id: AccountId::from_u128(1),
        lines: lines.iter().map(line).collect(),
        total: Money::new(599, DEFAULT_CURRENCY),
        version: 1,
        asks: events::Asks::NOTHING,
    };
    let correlation_id = Some(format!("request-{}", event.order_id));
    Envelope {
        id: Uuid::now_v7(),
        time: Timestamp::now(),
        context: MessageContext {
            correlation_id,
            ..MessageContext::default()
        },
        event,
    }
}
