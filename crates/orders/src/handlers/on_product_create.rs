//! `ProductCreate`: a product joined the catalogue.

use events::ProductCreate;
use outbox::{Envelope, EventCollector, Handle, HandleError};

use super::copy_products::copy_products;
use crate::store::OrdersStore;

/// Handles `ProductCreate`.
///
/// - **Trigger:** a product joined the catalogue.
/// - **Effect:** the local copy of the product is what the event says.
/// - **Emits:** nothing.
/// - **Idempotent,** because only a newer version than the copy's is taken over. The same guard
///   keeps a late event from moving the copy backwards.
pub struct OnProductCreate<D> {
    database: D,
}

impl<D: OrdersStore> OnProductCreate<D> {
    /// A handler that keeps the copies in `database`.
    pub fn new(database: D) -> Self {
        Self { database }
    }
}

impl<D: OrdersStore> Handle<ProductCreate, D> for OnProductCreate<D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<ProductCreate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let states: Vec<_> = events
            .iter()
            .map(|envelope| &envelope.event.product)
            .collect();
        copy_products(&self.database, tx, &states, out).await
    }
}
