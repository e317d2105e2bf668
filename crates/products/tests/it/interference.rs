//! A store that lets a test in at every step of a transaction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use events::{OrderId, ProductId, ProductState};
use futures::future::BoxFuture;
use jiff::Timestamp;
use outbox::jobs::JobChange;
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::outbox::{Backlog, Lease};
use outbox::{Database, OutboxRecord, OutboxStore, StoreError};
use products::store::{StockChange, StockDecision, StockStore};
use uuid::Uuid;

/// Called before each step of a transaction, and once after its commit.
pub(crate) type Meddle =
    Arc<dyn Fn(&'static str) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync>;

/// The real database, with somebody meddling.
#[derive(Clone)]
pub(crate) struct Meddled {
    pub(crate) inner: MongoDatabase,
    pub(crate) interfere: Meddle,
}

impl Database for Meddled {
    type Tx = MongoTx;

    async fn begin(&self) -> Result<MongoTx, StoreError> {
        (self.interfere)("begin").await?;
        self.inner.begin().await
    }

    async fn commit(&self, tx: MongoTx) -> Result<(), StoreError> {
        (self.interfere)("commit").await?;
        self.inner.commit(tx).await?;
        (self.interfere)("committed").await
    }

    async fn abort(&self, tx: MongoTx) {
        self.inner.abort(tx).await;
    }
}

impl OutboxStore for Meddled {
    async fn append(&self, tx: &mut MongoTx, record: &OutboxRecord) -> Result<(), StoreError> {
        self.inner.append(tx, record).await
    }

    async fn change_jobs(&self, tx: &mut MongoTx, jobs: &[JobChange]) -> Result<(), StoreError> {
        self.inner.change_jobs(tx, jobs).await
    }

    async fn pending(&self, limit: usize, but: &[Uuid]) -> Result<Vec<OutboxRecord>, StoreError> {
        self.inner.pending(limit, but).await
    }

    async fn remove(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        self.inner.remove(ids).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.inner.backlog().await
    }

    async fn lease(
        &self,
        shard: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.inner.lease(shard, holder, ttl).await
    }

    async fn release(&self, shard: &str, holder: Uuid) -> Result<(), StoreError> {
        self.inner.release(shard, holder).await
    }

    async fn changed_elsewhere(&self) -> Result<(), StoreError> {
        self.inner.changed_elsewhere().await
    }

    fn waker(&self) -> outbox::Waker {
        self.inner.waker()
    }
}

impl StockStore for Meddled {
    async fn stock_decisions(
        &self,
        tx: &mut MongoTx,
        orders: &[OrderId],
    ) -> Result<BTreeMap<OrderId, StockDecision>, StoreError> {
        (self.interfere)("reservations").await?;
        self.inner.stock_decisions(tx, orders).await
    }

    async fn products(
        &self,
        tx: &mut MongoTx,
        products: &[ProductId],
    ) -> Result<BTreeMap<ProductId, ProductState>, StoreError> {
        (self.interfere)("products").await?;
        self.inner.products(tx, products).await
    }

    async fn deduct(&self, tx: &mut MongoTx, deductions: &[StockChange]) -> Result<(), StoreError> {
        (self.interfere)("take").await?;
        self.inner.deduct(tx, deductions).await
    }

    async fn save_decisions(
        &self,
        tx: &mut MongoTx,
        kept: &[StockDecision],
    ) -> Result<(), StoreError> {
        (self.interfere)("reserve").await?;
        self.inner.save_decisions(tx, kept).await
    }

    async fn give_back(&self, tx: &mut MongoTx, returns: &[StockChange]) -> Result<(), StoreError> {
        (self.interfere)("give back").await?;
        self.inner.give_back(tx, returns).await
    }

    async fn mark_released(
        &self,
        tx: &mut MongoTx,
        orders: &[OrderId],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        (self.interfere)("mark released").await?;
        self.inner.mark_released(tx, orders, at).await
    }
}
