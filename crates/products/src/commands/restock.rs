//! Puts more of a product in stock.

use events::{ProductId, ProductState, ProductsQuantityUpdate};
use outbox::{Clock, EventCollector, MessageContext, StoreError, Work, transact};
use uuid::Uuid;

use super::CommandError;
use super::append_event::append_event;
use crate::domain::{Refusal, restocked};
use crate::name::NAME;
use crate::store::CatalogueStore;

/// Raises the stock of `product` by `by` (1 to 1,000,000) and publishes
/// [`ProductsQuantityUpdate`].
///
/// # Errors
/// [`Refusal::UnknownProduct`], [`Refusal::InvalidRaise`], [`Refusal::TooMuchStock`], or a
/// store error.
pub async fn restock<D: CatalogueStore>(
    store: &D,
    clock: &dyn Clock,
    context: MessageContext,
    product: ProductId,
    by: i64,
) -> Result<ProductState, CommandError> {
    let mut work = Restock::new(store, clock, context, product, by);
    Ok(transact(store, &mut work).await??)
}

/// What [`restock`] does in its transaction.
pub struct Restock<'a, D> {
    store: &'a D,
    clock: &'a dyn Clock,
    context: MessageContext,
    product: ProductId,
    by: i64,
    id: Uuid,
}

impl<'a, D> Restock<'a, D> {
    /// Raises the stock of `product` by `by`.
    pub fn new(
        store: &'a D,
        clock: &'a dyn Clock,
        context: MessageContext,
        product: ProductId,
        by: i64,
    ) -> Self {
        Self {
            store,
            clock,
            context,
            product,
            by,
            // Drawn once: when the work runs again after a commit whose outcome is unknown, it finds its
            // raise and does not add it a second time.
            id: clock.uuid(),
        }
    }
}

impl<D: CatalogueStore> Work<D> for Restock<'_, D> {
    type Output = Result<ProductState, Refusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let Some(kept) = self.store.product(tx, self.product).await? else {
            return Ok(Err(Refusal::UnknownProduct(self.product)));
        };
        if kept.restocks.contains(&self.id) {
            return Ok(Ok(kept.product));
        }
        let after = match restocked(&kept.product, self.by) {
            Ok(after) => after,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.store
            .restock(tx, &kept.product, &after, self.id)
            .await?;
        let out = EventCollector::new(NAME, self.clock);
        let event = ProductsQuantityUpdate { product: after };
        append_event(self.store, tx, out, &event, &self.context).await?;
        Ok(Ok(event.product))
    }
}
