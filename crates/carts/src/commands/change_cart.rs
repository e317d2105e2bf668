//! Changes a cart, and merges a visitor's into it first.

use events::AccountId;
use outbox::{Clock, Rows, StoreError, Work};
use uuid::Uuid;

use crate::domain::{Cart, Change, Refusal};
use crate::store;

/// Whose cart it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// An account's; `merge` is the visitor's cart that is to be merged into it.
    Account {
        /// The account.
        id: AccountId,
        /// What the visitor's token stands for.
        merge: Option<Uuid>,
    },
    /// That of whoever has the token that this id stands for.
    Visitor(Uuid),
}

/// A cart after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// As it is now.
    pub cart: Cart,
    /// Whether it was another before.
    pub changed: bool,
    /// Whether a visitor's was merged into it.
    pub merged: bool,
}

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
        let (empty, merge) = match self.owner {
            Owner::Account { id, merge } => (Cart::of_account(id), merge),
            Owner::Visitor(id) => (Cart::of_visitor(id, now), None),
        };
        let ids: Vec<Uuid> = merge.into_iter().chain([empty.id]).collect();
        let mut known = store::find(database, tx, &ids).await?;
        let mut cart = known.remove(&empty.id).unwrap_or(empty);
        let product = match self.change {
            Change::Put(id, _) => store::product(database, tx, id).await?,
            Change::Remove(_) | Change::Empty | Change::Keep => None,
        };
        let before = cart.lines.clone();
        let mut visitors = merge.and_then(|id| known.remove(&id));
        let merged = match &mut visitors {
            Some(visitors) if !cart.closed && !visitors.lines.is_empty() => {
                cart.merge(visitors);
                true
            }
            _ => false,
        };
        if let Err(refusal) = cart.apply(self.change, product.as_ref()) {
            return Ok(Err(refusal));
        }
        let changed = cart.lines != before;
        let mut written = Vec::new();
        if let Some(mut visitors) = visitors.filter(|_| merged) {
            visitors.touch(now);
            written.push(visitors);
        }
        if changed {
            cart.touch(now);
            written.push(cart.clone());
        }
        store::save(database, tx, &written).await?;
        Ok(Ok(Changed {
            cart,
            changed,
            merged,
        }))
    }
}
