//! Changes a cart.

use outbox::{Clock, Rows, StoreError, Work};

use super::own_cart::{Changed, OwnCart, Owner};
use crate::domain::{Change, Refusal};
use crate::store;

/// Makes a change of a cart. What leaves it as it is writes nothing, so a repetition does not.
pub struct ChangeCart<'a, D> {
    database: &'a D,
    clock: &'a dyn Clock,
    owner: Owner,
    change: Change,
}

impl<'a, D> ChangeCart<'a, D> {
    /// Makes `change` of the cart of `owner`.
    pub fn new(database: &'a D, clock: &'a dyn Clock, owner: Owner, change: Change) -> Self {
        Self {
            database,
            clock,
            owner,
            change,
        }
    }
}

impl<D: Rows> Work<D> for ChangeCart<'_, D> {
    type Output = Result<Changed, Refusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let (database, now) = (self.database, self.clock.now());
        let mut own = OwnCart::read(database, tx, self.owner, now).await?;
        let product = match self.change {
            Change::Put(id, _) => store::product(database, tx, id).await?,
            Change::Remove(_) | Change::Empty | Change::Keep => None,
        };
        if let Err(refusal) = own.cart.apply(self.change, product.as_ref()) {
            return Ok(Err(refusal));
        }
        own.save(database, tx, now).await.map(Ok)
    }
}
