//! The documents and messages of an order's whole life, written without services.

use std::sync::Arc;

use anyhow::Context;
use events::money::DEFAULT_CURRENCY;
use events::{
    AccountId, Money, OrderId, OrderStatus, OrderStatusUpdate, ProductId, ProductState,
    ProductsQuantityUpdate,
};
use indicatif::ProgressBar;
use orders::domain::{Author, Basket, Identity, Order, ProductCopy, Step, place, update_id};
use orders::store::{OrderState, OrderTransition, OrdersStore};
use outbox::kafka::KafkaPublisher;
use outbox::mongo::MongoDatabase;
use outbox::source::Assigned;
use outbox::{
    Advance, Claim, Clock, Database, EventCollector, InboxStore, MessageContext, OutboxStore,
    Publisher, SystemClock, TopicPartition,
};
use products::domain::{Decision, Demand, Outcome};
use products::store::{CatalogueStore, StockChange, StockDecision, StockStore};
use replica::{ReplicaStore, Versioned};
use tokio::sync::mpsc;
use uuid::Uuid;

/// One line of transactions, each order going through all three of them.
pub(super) struct Worker {
    orders: MongoDatabase,
    products: MongoDatabase,
    /// None when nothing is to be published: the orders are of the past.
    publisher: Option<Arc<KafkaPublisher>>,
    clock: Arc<dyn Clock>,
    product: ProductState,
    batch: usize,
    /// The checkpoints that products and orders move.
    heard: (Claim, Claim),
}

impl Worker {
    pub(super) async fn open(
        number: u64,
        orders: &MongoDatabase,
        products: &MongoDatabase,
        publisher: Option<KafkaPublisher>,
        batch: usize,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let product = ProductState {
            product_id: ProductId::from_bytes(clock.uuid().into_bytes()),
            name: format!("limit {number}"),
            description: "Made for a benchmark".to_owned(),
            price: Money::new(599, DEFAULT_CURRENCY),
            quantity: 1_000_000_000,
            stocked: Some(1_000_000_000),
            categories: vec!["benchmarks".to_owned()],
            version: 1,
        };
        let mut tx = products.begin().await?;
        products.add_product(&mut tx, &product, clock.now()).await?;
        products.commit(tx).await?;
        let mut tx = orders.begin().await?;
        orders.save(&mut tx, &[copy_of(&product)]).await?;
        orders.commit(tx).await?;
        let claim = async |database: &MongoDatabase, topic: &str| -> anyhow::Result<Claim> {
            let at = TopicPartition::new(format!("{topic} {number}"), 0);
            let assigned = Assigned {
                at,
                low: 0,
                high: 0,
                topic_id: None,
            };
            let mut claims = database.claim("limit", &[assigned]).await?;
            claims.pop().context("a checkpoint is missing")
        };
        let heard = (
            claim(products, "orders").await?,
            claim(orders, "decisions").await?,
        );
        Ok(Self {
            orders: orders.clone(),
            products: products.clone(),
            publisher: publisher.map(Arc::new),
            clock,
            product,
            batch,
            heard,
        })
    }

    /// Writes `orders` orders, and counts them on `bar`.
    pub(super) async fn run(self, orders: u64, bar: ProgressBar) -> anyhow::Result<()> {
        let (placed, mut to_decide) = mpsc::channel::<Vec<Order>>(2);
        let (decided, mut to_settle) = mpsc::channel::<(Vec<Order>, ProductState)>(2);
        let customer = AccountId::from_bytes(self.clock.uuid().into_bytes());
        let placing = async {
            let mut left = usize::try_from(orders)?;
            while left > 0 {
                let batch = self.place(customer, left.min(self.batch)).await?;
                left -= batch.len();
                placed.send(batch).await?;
            }
            drop(placed);
            anyhow::Ok(())
        };
        let mut product = self.product.clone();
        let (mut heard, mut told) = self.heard.clone();
        let deciding = async {
            while let Some(batch) = to_decide.recv().await {
                self.decide(&batch, &mut product, &mut heard).await?;
                decided.send((batch, product.clone())).await?;
            }
            drop(decided);
            anyhow::Ok(())
        };
        let settling = async {
            while let Some((batch, product)) = to_settle.recv().await {
                self.settle(&batch, &product, &mut told).await?;
                bar.inc(batch.len() as u64);
            }
            anyhow::Ok(())
        };
        tokio::try_join!(placing, deciding, settling)?;
        Ok(())
    }

    async fn place(&self, customer: AccountId, count: usize) -> anyhow::Result<Vec<Order>> {
        let mut out = EventCollector::new("orders", self.clock.as_ref());
        let basket = Basket::new([(self.product.name.clone(), 1)])?;
        let mut orders = Vec::with_capacity(count);
        for _ in 0..count {
            let who = Identity {
                id: OrderId::from_bytes(self.clock.uuid().into_bytes()),
                customer,
                asks: events::Asks::NOTHING,
                now: out.now(),
            };
            let order = place(who, &basket, |_| {
                let product = &self.product;
                Some((product.product_id, ProductCopy::from(product)))
            })?;
            out.push(&order.to_event(), context())?;
            orders.push(order);
        }
        let mut tx = self.orders.begin().await?;
        self.orders.insert_orders(&mut tx, &orders).await?;
        self.say(&self.orders, tx, out).await?;
        Ok(orders)
    }

    async fn decide(
        &self,
        orders: &[Order],
        product: &mut ProductState,
        heard: &mut Claim,
    ) -> anyhow::Result<()> {
        let mut out = EventCollector::new("products", self.clock.as_ref());
        let count = u32::try_from(orders.len())?;
        let deduction = StockChange {
            product_id: product.product_id,
            version: product.version,
            quantity: count,
        };
        product.version += 1;
        product.quantity -= count;
        let mut stock_decisions = Vec::with_capacity(orders.len());
        for order in orders {
            let event_id = self.clock.uuid();
            let lines = order.lines.iter().map(|line| Demand {
                product_id: line.product_id,
                quantity: line.quantity.into(),
            });
            stock_decisions.push(StockDecision {
                decision: Decision {
                    order_id: order.id,
                    lines: lines.collect(),
                    outcome: Outcome::Accepted,
                },
                event_id,
                decided_at: out.now(),
                released_at: None,
            });
            let update = OrderStatusUpdate {
                order_id: order.id,
                status: OrderStatus::Accepted,
                reason: None,
                version: 1,
            };
            out.push_as(event_id, &update, context())?;
        }
        let product = product.clone();
        out.push(&ProductsQuantityUpdate { product }, context())?;
        let mut tx = self.products.begin().await?;
        advance(&self.products, &mut tx, heard, orders.len()).await?;
        self.products.deduct(&mut tx, &[deduction]).await?;
        self.products
            .save_decisions(&mut tx, &stock_decisions)
            .await?;
        self.say(&self.products, tx, out).await
    }

    async fn settle(
        &self,
        orders: &[Order],
        product: &ProductState,
        told: &mut Claim,
    ) -> anyhow::Result<()> {
        let mut out = EventCollector::new("orders", self.clock.as_ref());
        let now = out.now();
        let mut steps = Vec::with_capacity(orders.len());
        for order in orders {
            let step = Step {
                status: OrderStatus::Accepted,
                at: now,
                by: Author::Products,
                reason: None,
                note: None,
            };
            steps.push(OrderTransition {
                from: OrderState::from(order),
                step: step.clone(),
                written_at: now,
            });
            let mut settled = order.clone();
            settled.take(step, now);
            let id = update_id(settled.id, settled.version);
            out.push_as(id, &settled.to_update(), context())?;
        }
        let mut tx = self.orders.begin().await?;
        advance(&self.orders, &mut tx, told, orders.len()).await?;
        self.orders.settle(&mut tx, &steps).await?;
        self.orders.save(&mut tx, &[copy_of(product)]).await?;
        self.say(&self.orders, tx, out).await
    }

    /// Commits with an outbox record, publishes it, deletes it; or only commits.
    async fn say(
        &self,
        database: &MongoDatabase,
        mut tx: <MongoDatabase as Database>::Tx,
        out: EventCollector<'_>,
    ) -> anyhow::Result<()> {
        let Some(publisher) = &self.publisher else {
            database.commit(tx).await?;
            return Ok(());
        };
        let records = out.write(database, &mut tx).await?;
        database.commit(tx).await?;
        for record in records {
            publisher.publish(&record.messages).await?;
            database.remove(&[record.id]).await?;
        }
        Ok(())
    }
}

async fn advance(
    database: &MongoDatabase,
    tx: &mut <MongoDatabase as Database>::Tx,
    claim: &mut Claim,
    count: usize,
) -> anyhow::Result<()> {
    let to = claim.next + i64::try_from(count)?;
    let step = Advance {
        at: claim.at.clone(),
        epoch: claim.epoch,
        from: claim.next,
        to,
    };
    database.advance(tx, "limit", &[step]).await?;
    claim.next = to;
    Ok(())
}

/// What orders keeps of `product`.
pub(super) fn copy_of(product: &ProductState) -> Versioned<ProductCopy> {
    Versioned {
        id: Uuid::from_bytes(product.product_id.into_bytes()),
        version: product.version,
        state: ProductCopy::from(product),
    }
}

/// What an order's messages carry when they come through the gateway.
fn context() -> MessageContext {
    let id = Uuid::now_v7();
    MessageContext {
        correlation_id: Some(id.to_string()),
        causation_id: Some(id.to_string()),
        traceparent: Some(format!("00-{}-0000000000000001-01", id.simple())),
    }
}
