//! Adds a category.

use outbox::{Clock, StoreError, Work, transact};

use super::CommandError;
use crate::domain::{CategoryName, Refusal};
use crate::store::CatalogueStore;

/// Adds the category `name`. Nothing is published: a category matters to others once a product is in it.
///
/// # Errors
/// [`Refusal::CategoryExists`], or a store error. After a commit whose outcome was not
/// heard, the category that exists may be one's own.
pub async fn create_category<D: CatalogueStore>(
    store: &D,
    clock: &dyn Clock,
    name: CategoryName,
) -> Result<CategoryName, CommandError> {
    let mut work = CreateCategory { store, clock, name };
    transact(store, &mut work).await??;
    Ok(work.name)
}

struct CreateCategory<'a, D> {
    store: &'a D,
    clock: &'a dyn Clock,
    name: CategoryName,
}

impl<D: CatalogueStore> Work<D> for CreateCategory<'_, D> {
    type Output = Result<(), Refusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let asked = std::iter::once(self.name.clone()).collect();
        if !self.store.known_categories(tx, &asked).await?.is_empty() {
            return Ok(Err(Refusal::CategoryExists(self.name.to_string())));
        }
        self.store
            .add_category(tx, &self.name, self.clock.now())
            .await?;
        Ok(Ok(()))
    }
}
