//! Adds a product to the catalogue.

use events::{ProductCreate, ProductId, ProductState};
use outbox::{Clock, EventCollector, MessageContext, StoreError, Work, transact};

use super::CommandError;
use super::append_event::append_event;
use crate::domain::{Draft, Refusal};
use crate::name::NAME;
use crate::store::CatalogueStore;

/// Adds the product of `draft`, in version 1, and publishes [`ProductCreate`].
///
/// # Errors
/// [`Refusal::ProductExists`], [`Refusal::UnknownCategory`], or a store error.
pub async fn create_product<D: CatalogueStore>(
    store: &D,
    clock: &dyn Clock,
    context: MessageContext,
    draft: Draft,
) -> Result<ProductState, CommandError> {
    let mut work = CreateProduct::new(store, clock, context, draft);
    Ok(transact(store, &mut work).await??)
}

/// What [`create_product`] does in its transaction.
pub struct CreateProduct<'a, D> {
    store: &'a D,
    clock: &'a dyn Clock,
    context: MessageContext,
    draft: Draft,
    id: ProductId,
}

impl<'a, D> CreateProduct<'a, D> {
    /// Adds the product of `draft`.
    pub fn new(store: &'a D, clock: &'a dyn Clock, context: MessageContext, draft: Draft) -> Self {
        Self {
            store,
            clock,
            context,
            draft,
            // Drawn once: when the work runs again, it knows its own product.
            id: ProductId::from_bytes(clock.uuid().into_bytes()),
        }
    }
}

impl<D: CatalogueStore> Work<D> for CreateProduct<'_, D> {
    type Output = Result<ProductState, Refusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let name = self.draft.name();
        match self.store.product_by_name_key(tx, &name.key()).await? {
            Some(own) if own.product_id == self.id => return Ok(Ok(own)),
            Some(other) => return Ok(Err(Refusal::ProductExists(other.name))),
            None => {}
        }
        let wanted = self.draft.categories();
        let known = self.store.known_categories(tx, wanted).await?;
        if let Some(unknown) = wanted.iter().find(|name| !known.contains_key(name)) {
            return Ok(Err(Refusal::UnknownCategory(unknown.to_string())));
        }
        let categories = known.into_values().collect();
        let product = self.draft.clone().into_product(self.id, &categories);
        let out = EventCollector::new(NAME, self.clock);
        self.store.add_product(tx, &product, out.now()).await?;
        let event = ProductCreate { product };
        append_event(self.store, tx, out, &event, &self.context).await?;
        Ok(Ok(event.product))
    }
}
