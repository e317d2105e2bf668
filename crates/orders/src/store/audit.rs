//! What the operator's tools compare with the other services and the topics.

use bson::{RawDocumentBuf, doc};
use events::{AccountId, Asks, Money, OrderId, OrderLine, OrderStatus, Reason};
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, WithTimeout, documents, read_stored};
use replica::Replica as _;

use super::documents::{OrderDocument, time, uuid};
use super::prepare::ORDERS;
use crate::domain::{Order, ProductCopy};

/// An order as the audit sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedOrder {
    /// The order.
    pub id: OrderId,
    /// Who placed it.
    pub customer: AccountId,
    /// Where it stands.
    pub status: OrderStatus,
    /// Why it was rejected or cancelled.
    pub reason: Option<Reason>,
    /// What is wanted.
    pub lines: Vec<OrderLine>,
    /// The sum that the customer was told.
    pub total: Money,
    /// Its version.
    pub version: u64,
    /// What it asks for besides its products.
    pub asks: Asks,
    /// Its way so far, oldest first; the version is its length.
    pub way: Vec<OrderStatus>,
}

/// An order with the time of its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLife {
    /// The order.
    pub order: Order,
    /// When its last step was written here; absent until the first one after placing.
    pub changed_at: Option<Timestamp>,
}

/// The service's tables, to be gone through one document at a time.
#[derive(Clone)]
pub struct AuditView {
    database: MongoDatabase,
}

/// The tables in `database`.
pub fn audit_view(database: &MongoDatabase) -> AuditView {
    AuditView {
        database: database.clone(),
    }
}

impl AuditView {
    /// Every order, oldest first. A document that is no order is a
    /// [`Permanent`](outbox::ErrorKind::Permanent) error that names it; others follow.
    pub async fn orders(
        &self,
    ) -> Result<impl Stream<Item = Result<AuditedOrder, StoreError>> + Send + use<>, StoreError>
    {
        let found = self
            .raw(ORDERS)
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .with_long_timeout()
            .await?;
        Ok(documents(found).map(|stored| {
            let order = read_stored(ORDERS, &stored?, OrderDocument::into_domain)?;
            Ok(AuditedOrder {
                id: order.id,
                customer: order.customer,
                status: order.status,
                reason: order.reason,
                total: order.total,
                version: order.version,
                asks: order.asks,
                way: order.history.iter().map(|step| step.status).collect(),
                lines: order.lines,
            })
        }))
    }

    /// How many orders there are, about; for a progress bar.
    pub async fn order_count(&self) -> Result<u64, StoreError> {
        let orders = self.raw(ORDERS);
        orders.estimated_document_count().with_long_timeout().await
    }

    /// The order `id` and when it changed last.
    pub async fn order(&self, id: OrderId) -> Result<Option<OrderLife>, StoreError> {
        let orders = self.database.database().collection::<OrderDocument>(ORDERS);
        let found = orders
            .find_one(doc! { "_id": uuid(id.into_bytes()) })
            .with_long_timeout()
            .await?;
        let Some(stored) = found else {
            return Ok(None);
        };
        let changed_at = stored.last_change.as_ref().map(|last| last.at);
        Ok(Some(OrderLife {
            changed_at: changed_at.map(time).transpose()?,
            order: stored.into_domain()?,
        }))
    }

    /// How many products the service knows, and so takes orders of.
    pub async fn known_products(&self) -> Result<u64, StoreError> {
        let copies = self.raw(ProductCopy::COLLECTION);
        copies.count_documents(doc! {}).with_long_timeout().await
    }

    fn raw(&self, collection: &str) -> mongodb::Collection<RawDocumentBuf> {
        self.database.database().collection(collection)
    }
}
