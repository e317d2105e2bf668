//! What `quadrille audit` compares with the topics and with the other services.

use bson::{Bson, Document, RawDocumentBuf, doc};
use events::{OrderId, OrderStatus, ProductId, ProductState, Rejection};
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, WithTimeout, documents, read_stored};
use uuid::Uuid;

use super::StockDecision;
use super::documents::{DECISIONS, PRODUCTS, StoredDecision, StoredProduct, order_key};

/// A product and what its stock must add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedProduct {
    /// Its public state; `quantity` is what is left.
    pub state: ProductState,
    /// All that was ever put in: at first and by restocks.
    pub stocked: u64,
}

/// What was decided about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedDecision {
    /// The order.
    pub order_id: OrderId,
    /// Accepted or rejected.
    pub status: OrderStatus,
    /// Why it was rejected.
    pub reason: Option<Rejection>,
    /// What it asked for, each product once. Only an accepted order that was not released has it.
    pub lines: Vec<(ProductId, u64)>,
    /// The id of the event that says so.
    pub event_id: Uuid,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// When what it was given was given back.
    pub released_at: Option<Timestamp>,
}

impl From<StockDecision> for AuditedDecision {
    fn from(kept: StockDecision) -> Self {
        let line = |line: &crate::domain::Demand| (line.product_id, line.quantity);
        Self {
            order_id: kept.decision.order_id,
            status: kept.decision.outcome.status(),
            reason: kept.decision.outcome.reason().cloned(),
            lines: kept.decision.lines.iter().map(line).collect(),
            event_id: kept.event_id,
            decided_at: kept.decided_at,
            released_at: kept.released_at,
        }
    }
}

/// The service's tables, each read as it is asked for and never held as a whole.
#[derive(Clone)]
pub struct AuditView {
    database: MongoDatabase,
}

/// Opens the tables of the products service in `database`.
pub fn audit_view(database: &MongoDatabase) -> AuditView {
    AuditView {
        database: database.clone(),
    }
}

impl AuditView {
    /// Every product, by id. A document that is no product is a
    /// [`Permanent`](outbox::ErrorKind::Permanent) error that names it; others follow.
    ///
    /// # Errors
    /// A store error, now or in the stream.
    pub async fn products(
        &self,
    ) -> Result<
        impl Stream<Item = Result<AuditedProduct, StoreError>> + Send + Unpin + use<>,
        StoreError,
    > {
        let found = self.all(PRODUCTS, Document::new()).await?;
        Ok(found.map(|stored| {
            read_stored(PRODUCTS, &stored?, |stored: StoredProduct| {
                let stocked = u64::try_from(stored.stocked).map_err(StoreError::permanent)?;
                Ok(AuditedProduct {
                    stocked,
                    state: stored.into_state()?,
                })
            })
        }))
    }

    /// Every reservation, by order id. A document that is none is a
    /// [`Permanent`](outbox::ErrorKind::Permanent) error that names it; others follow.
    ///
    /// # Errors
    /// A store error, now or in the stream.
    pub async fn stock_decisions(
        &self,
    ) -> Result<
        impl Stream<Item = Result<AuditedDecision, StoreError>> + Send + Unpin + use<>,
        StoreError,
    > {
        let found = self.all(DECISIONS, Document::new()).await?;
        Ok(found.map(|stored| stock_decision(&stored?)))
    }

    /// What was decided about those of `orders` that were decided, by order id.
    ///
    /// # Errors
    /// A store error, now or in the stream.
    pub async fn stock_decisions_of(
        &self,
        orders: &[OrderId],
    ) -> Result<
        impl Stream<Item = Result<AuditedDecision, StoreError>> + Send + Unpin + use<>,
        StoreError,
    > {
        let ids: Vec<Bson> = orders.iter().map(|id| order_key(*id).into()).collect();
        let filter = doc! { "_id": { "$in": ids } };
        let found = self.all(DECISIONS, filter).await?;
        Ok(found.map(|stored| stock_decision(&stored?)))
    }

    /// How many reservations there are, about; for a progress bar.
    ///
    /// # Errors
    /// A store error.
    pub async fn stock_decision_count(&self) -> Result<u64, StoreError> {
        let stock_decisions = self.raw(DECISIONS);
        stock_decisions
            .estimated_document_count()
            .with_long_timeout()
            .await
    }

    async fn all(
        &self,
        collection: &str,
        filter: Document,
    ) -> Result<
        impl Stream<Item = Result<RawDocumentBuf, StoreError>> + Send + Unpin + use<>,
        StoreError,
    > {
        let collection = self.raw(collection);
        let sorted = collection.find(filter).sort(doc! { "_id": 1 });
        Ok(documents(sorted.with_long_timeout().await?))
    }

    fn raw(&self, collection: &str) -> mongodb::Collection<RawDocumentBuf> {
        self.database.database().collection(collection)
    }
}

fn stock_decision(stored: &RawDocumentBuf) -> Result<AuditedDecision, StoreError> {
    read_stored(DECISIONS, stored, |stored: StoredDecision| {
        Ok(stored.into_decision()?.into())
    })
}
