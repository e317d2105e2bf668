//! The cart that a command is about, with a visitor's merged into it.

use events::AccountId;
use jiff::Timestamp;
use outbox::{Rows, StoreError};
use uuid::Uuid;

use crate::domain::Cart;
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

/// A cart that a transaction has read and will write.
pub(super) struct OwnCart {
    pub(super) cart: Cart,
    before: Cart,
    /// The one that is merged into it.
    merged: Option<Cart>,
}

impl OwnCart {
    /// Reads the cart of `owner`, or an empty one, and adds the visitor's to it that it names.
    pub(super) async fn read<D: Rows>(
        database: &D,
        tx: &mut D::Tx,
        owner: Owner,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let (empty, merge) = match owner {
            Owner::Account { id, merge } => (Cart::of_account(id), merge),
            Owner::Visitor(id) => (Cart::of_visitor(id, now), None),
        };
        let ids: Vec<Uuid> = merge.into_iter().chain([empty.id]).collect();
        let mut known = store::find(database, tx, &ids).await?;
        let mut cart = known.remove(&empty.id).unwrap_or(empty);
        let before = cart.clone();
        let merged = merge.and_then(|id| known.remove(&id));
        let mut merged = merged.filter(|visitors| !cart.closed && !visitors.lines.is_empty());
        if let Some(visitors) = &mut merged {
            cart.merge(visitors);
        }
        Ok(Self {
            cart,
            before,
            merged,
        })
    }

    /// Whether a visitor's is merged into it.
    pub(super) fn is_merged(&self) -> bool {
        self.merged.is_some()
    }

    /// Writes what has changed.
    pub(super) async fn save<D: Rows>(
        self,
        database: &D,
        tx: &mut D::Tx,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let Self {
            mut cart,
            before,
            merged,
        } = self;
        let (changed, is_merge) = (cart != before, merged.is_some());
        if let Some(mut visitors) = merged {
            visitors.touch(now);
            store::replace(database, tx, &[visitors]).await?;
        }
        if changed {
            cart.touch(now);
            let written = std::slice::from_ref(&cart);
            if before.version == 0 {
                store::insert(database, tx, written).await?;
            } else {
                store::replace(database, tx, written).await?;
            }
        }
        Ok(Changed {
            cart,
            changed,
            merged: is_merge,
        })
    }
}
