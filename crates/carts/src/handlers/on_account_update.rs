//! `AccountUpdate`: an account was opened, changed or deleted.

use std::collections::BTreeSet;

use events::{AccountId, AccountUpdate};
use newtype_uuid::GenericUuid;
use outbox::{Envelope, EventCollector, Handle, HandleError, Rows};

use crate::domain::Cart;
use crate::store;

/// Handles `AccountUpdate`.
///
/// - **Trigger:** an account was opened, changed or deleted.
/// - **Effect:** the cart of a deleted one is emptied and closed, and removed when no access token of the
///   account is valid any more.
/// - **Emits:** nothing.
/// - **Idempotent,** because a closed cart is left as it is, and a deleted account stays deleted.
pub struct OnAccountUpdate<D> {
    database: D,
}

impl<D> OnAccountUpdate<D> {
    /// A handler on `database`.
    pub fn new(database: D) -> Self {
        Self { database }
    }
}

impl<D: Rows> Handle<AccountUpdate, D> for OnAccountUpdate<D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<AccountUpdate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let deleted = events.iter().filter(|one| one.event.deleted);
        let deleted: BTreeSet<AccountId> = deleted.map(|one| one.event.account_id).collect();
        if deleted.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = deleted.iter().map(|id| id.into_untyped_uuid()).collect();
        let mut known = store::find(&self.database, tx, &ids).await?;
        let mut closed = Vec::new();
        for account in deleted {
            let empty = Cart::of_account(account);
            let mut cart = known.remove(&empty.id).unwrap_or(empty);
            if cart.closed {
                out.duplicates(1);
                continue;
            }
            // Also where there is none: a request with a token that is still valid would make one.
            cart.close(out.now());
            cart.touch(out.now());
            closed.push(cart);
        }
        store::save(&self.database, tx, &closed).await?;
        Ok(())
    }
}
