//! What `quadrille audit` compares with the topics and with the other services.

use bson::{Document, doc};
use events::{OrderId, OrderStatus, ProductId, ProductState};
use futures::{Stream, StreamExt, TryStreamExt};
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, fault};
use uuid::Uuid;

use super::documents::{PRODUCTS, RESERVATIONS, StoredProduct, StoredReservation};

/// A product and what its stock must add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedProduct {
    /// Its public state; `quantity` is what is left.
    pub state: ProductState,
    /// All that was ever put in: at first and by raises.
    pub stocked: u64,
}

/// What was decided about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedReservation {
    /// The order.
    pub order_id: OrderId,
    /// Accepted or rejected.
    pub status: OrderStatus,
    /// What it asked for, each product once. Only an accepted order has got it.
    pub lines: Vec<(ProductId, u64)>,
    /// The id of the event that says so.
    pub event_id: Uuid,
}

/// The service's books, each read as it is asked for and never held as a whole.
#[derive(Clone)]
pub struct AuditView {
    database: MongoDatabase,
}

/// Opens the books of the products service in `database`.
pub fn audit_view(database: &MongoDatabase) -> AuditView {
    AuditView {
        database: database.clone(),
    }
}

impl AuditView {
    /// Every product, by id.
    ///
    /// # Errors
    /// A store error, now or in the stream.
    pub async fn products(
        &self,
    ) -> Result<impl Stream<Item = Result<AuditedProduct, StoreError>> + Send + Unpin, StoreError>
    {
        let products = self
            .database
            .database()
            .collection::<StoredProduct>(PRODUCTS);
        let found = products
            .find(Document::new())
            .sort(doc! { "_id": 1 })
            .await
            .map_err(fault)?;
        Ok(found.map_err(fault).map(|stored| {
            let stored = stored?;
            let stocked = u64::try_from(stored.stocked).map_err(StoreError::permanent)?;
            Ok(AuditedProduct {
                stocked,
                state: stored.into_state()?,
            })
        }))
    }

    /// Every reservation, by order id.
    ///
    /// # Errors
    /// A store error, now or in the stream.
    pub async fn reservations(
        &self,
    ) -> Result<impl Stream<Item = Result<AuditedReservation, StoreError>> + Send + Unpin, StoreError>
    {
        let reservations = self
            .database
            .database()
            .collection::<StoredReservation>(RESERVATIONS);
        let found = reservations
            .find(Document::new())
            .sort(doc! { "_id": 1 })
            .await
            .map_err(fault)?;
        Ok(found.map_err(fault).map(|stored| {
            let kept = stored?.into_reservation()?;
            let line = |line: &crate::domain::Demand| (line.product_id, line.quantity);
            Ok(AuditedReservation {
                order_id: kept.decision.order_id,
                status: kept.decision.outcome.status(),
                lines: kept.decision.lines.iter().map(line).collect(),
                event_id: kept.event_id,
            })
        }))
    }
}
