//! The orders that wait for a decision, found by their own small index.

use bson::{Document, doc};
use events::{OrderId, OrderStatus};
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use outbox::StoreError;
use outbox::mongo::{WithTimeout, documents};
use serde::Deserialize;

use super::MongoOrders;
use super::documents::time;

/// An order that is not decided yet, as far as is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingOrder {
    /// The order.
    pub id: OrderId,
    /// When it was placed.
    pub placed_at: Timestamp,
}

#[derive(Deserialize)]
struct PendingDocument {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    created_at: bson::DateTime,
}

impl PendingDocument {
    fn into_pending(self) -> Result<PendingOrder, StoreError> {
        Ok(PendingOrder {
            id: OrderId::from_bytes(self.id.bytes()),
            placed_at: time(self.created_at)?,
        })
    }
}

fn pending() -> Document {
    doc! { "status": OrderStatus::Pending.name() }
}

impl MongoOrders {
    /// How many orders are PENDING.
    pub async fn pending_count(&self) -> Result<u64, StoreError> {
        let orders = self.collection::<Document>();
        orders.count_documents(pending()).with_timeout().await
    }

    /// The PENDING order that was placed first.
    pub async fn oldest_pending(&self) -> Result<Option<PendingOrder>, StoreError> {
        let found = self
            .collection::<PendingDocument>()
            .find_one(pending())
            .sort(doc! { "_id": 1 })
            .projection(doc! { "created_at": 1 })
            .with_timeout()
            .await?;
        found.map(PendingDocument::into_pending).transpose()
    }

    /// Every PENDING order, oldest first.
    pub async fn all_pending(
        &self,
    ) -> Result<impl Stream<Item = Result<PendingOrder, StoreError>> + Send + use<>, StoreError>
    {
        let found = self
            .collection::<PendingDocument>()
            .find(pending())
            .sort(doc! { "_id": 1 })
            .projection(doc! { "created_at": 1 })
            .with_timeout()
            .await?;
        Ok(documents(found).map(|stored| stored?.into_pending()))
    }
}
