//! Puts more of a product in stock.

use events::{ProductId, ProductState, ProductsQuantityUpdate};
use outbox::{Clock, MessageContext, Outgoing, StoreError, Work, transact};
use uuid::Uuid;

use super::CommandError;
use super::say::say;
use crate::domain::{Refusal, raised};
use crate::name::NAME;
use crate::store::CatalogueStore;

/// Raises the stock of `product` by `by` (1 to 1,000,000) and says
/// [`ProductsQuantityUpdate`].
///
/// # Errors
/// [`Refusal::UnknownProduct`], [`Refusal::InvalidRaise`], [`Refusal::TooMuchStock`], or a
/// store error.
pub async fn raise_stock<D: CatalogueStore>(
    store: &D,
    clock: &dyn Clock,
    context: MessageContext,
    product: ProductId,
    by: i64,
) -> Result<ProductState, CommandError> {
    // Drawn once: when the work runs again after a commit that was not heard of, it finds
    // its raise and does not add it a second time.
    let raise = clock.uuid();
    let mut work = RaiseStock {
        store,
        clock,
        context,
        product,
        by,
        raise,
    };
    Ok(transact(store, &mut work).await??)
}

struct RaiseStock<'a, D> {
    store: &'a D,
    clock: &'a dyn Clock,
    context: MessageContext,
    product: ProductId,
    by: i64,
    raise: Uuid,
}

impl<D: CatalogueStore> Work<D> for RaiseStock<'_, D> {
    type Output = Result<ProductState, Refusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let Some(kept) = self.store.product(tx, self.product).await? else {
            return Ok(Err(Refusal::UnknownProduct(self.product)));
        };
        if kept.raises.contains(&self.raise) {
            return Ok(Ok(kept.product));
        }
        let after = match raised(&kept.product, self.by) {
            Ok(after) => after,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.store
            .raise(tx, &kept.product, &after, self.raise)
            .await?;
        let out = Outgoing::new(NAME, self.clock);
        let news = ProductsQuantityUpdate { product: after };
        say(self.store, tx, out, &news, &self.context).await?;
        Ok(Ok(news.product))
    }
}
