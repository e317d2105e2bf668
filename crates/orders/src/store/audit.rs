//! What `quadrille audit` compares with the other services and the topics.

use bson::doc;
use events::{Money, OrderId, OrderLine, OrderStatus};
use futures::{Stream, StreamExt};
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, fault};

use super::documents::{OrderDocument, ProductDocument};
use super::prepare::{ORDERS, PRODUCTS};
use crate::domain::ProductCopy;

/// An order as the audit sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedOrder {
    /// The order.
    pub id: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// What is wanted.
    pub lines: Vec<OrderLine>,
    /// The sum that the customer was told.
    pub total: Money,
    /// Its version.
    pub version: u64,
    /// How many steps its history has; the version says the same.
    pub steps: usize,
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
    /// Every order, oldest first.
    pub async fn orders(
        &self,
    ) -> Result<impl Stream<Item = Result<AuditedOrder, StoreError>> + Send + use<>, StoreError>
    {
        let found = self
            .database
            .database()
            .collection::<OrderDocument>(ORDERS)
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .await
            .map_err(fault)?;
        Ok(found.map(|stored| {
            let order = stored.map_err(fault)?.into_domain()?;
            Ok(AuditedOrder {
                id: order.id,
                status: order.status,
                total: order.total,
                version: order.version,
                steps: order.history.len(),
                lines: order.lines,
            })
        }))
    }

    /// Every product copy, by id.
    pub async fn products(&self) -> Result<Vec<ProductCopy>, StoreError> {
        let mut found = self
            .database
            .database()
            .collection::<ProductDocument>(PRODUCTS)
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .await
            .map_err(fault)?;
        let mut products = Vec::new();
        while let Some(stored) = found.next().await {
            products.push(stored.map_err(fault)?.into_domain()?);
        }
        Ok(products)
    }

    /// How many products the service knows, and so takes orders of.
    pub async fn known_products(&self) -> Result<u64, StoreError> {
        let copies = self
            .database
            .database()
            .collection::<ProductDocument>(PRODUCTS);
        copies.count_documents(doc! {}).await.map_err(fault)
    }

    /// How many orders are not settled yet.
    pub async fn pending(&self) -> Result<u64, StoreError> {
        self.database
            .database()
            .collection::<OrderDocument>(ORDERS)
            .count_documents(doc! { "status": OrderStatus::Pending.name() })
            .await
            .map_err(fault)
    }
}
