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
    let mut work = CreateCategory::new(store, clock, name);
    Ok(transact(store, &mut work).await??)
}

/// What [`create_category`] does in its transaction.
pub struct CreateCategory<'a, D> {
    store: &'a D,
    clock: &'a dyn Clock,
    name: CategoryName,
}

impl<'a, D> CreateCategory<'a, D> {
    /// Adds the category `name`.
    pub fn new(store: &'a D, clock: &'a dyn Clock, name: CategoryName) -> Self {
        Self { store, clock, name }
    }
}

impl<D: CatalogueStore> Work<D> for CreateCategory<'_, D> {
    type Output = Result<CategoryName, Refusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let asked = std::iter::once(self.name.clone()).collect();
        let known = self.store.known_categories(tx, &asked).await?;
        if let Some(known) = known.values().next() {
            return Ok(Err(Refusal::CategoryExists(known.to_string())));
        }
        self.store
            .add_category(tx, &self.name, self.clock.now())
            .await?;
        Ok(Ok(self.name.clone()))
    }
}
