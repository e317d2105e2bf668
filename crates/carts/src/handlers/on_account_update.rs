//! `AccountUpdate`: an account was deleted.

use std::collections::BTreeSet;

use events::{AccountId, AccountUpdate};
use newtype_uuid::GenericUuid;
use outbox::{Envelope, EventCollector, Handle, HandleError, Rows};

use crate::domain::Cart;
use crate::store;

/// Handles `AccountUpdate`.
///
/// - **Trigger:** an account was deleted; other changes are passed over.
/// - **Effect:** its cart is emptied and closed, and removed when no access token of the
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
    fn wants(&self, event: &AccountUpdate) -> bool {
        event.deleted
    }

    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<AccountUpdate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let deleted: BTreeSet<AccountId> = events.iter().map(|one| one.event.account_id).collect();
        let ids: Vec<_> = deleted.iter().map(|id| id.into_untyped_uuid()).collect();
        let mut known = store::find(&self.database, tx, &ids).await?;
        let (mut new, mut closed) = (Vec::new(), Vec::new());
        for account in deleted {
            let empty = Cart::of_account(account);
            let mut cart = known.remove(&empty.id).unwrap_or(empty);
            if cart.closed {
                continue;
            }
            // Also where there is none: a request with a token that is still valid would make one.
            let written = if cart.version == 0 {
                &mut new
            } else {
                &mut closed
            };
            cart.close(out.now());
            cart.touch(out.now());
            written.push(cart);
        }
        out.duplicates(events.len() - new.len() - closed.len());
        store::insert(&self.database, tx, &new).await?;
        store::replace(&self.database, tx, &closed).await?;
        Ok(())
    }
}
