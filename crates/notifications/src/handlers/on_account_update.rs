//! `AccountUpdate`: an account was opened, changed or deleted.

use std::time::Duration;

use events::AccountUpdate;
use outbox::{Envelope, EventCollector, Handle, HandleError, Rows};
use replica::{Copies, ReplicaStore};

use super::write_mails;
use crate::domain::{Mail, Recipient};
use crate::erase_mails::EraseMails;

/// Handles `AccountUpdate`.
///
/// - **Trigger:** an account was opened, changed or deleted.
/// - **Effect:** its address is known and a mail to it is scheduled. Of a deleted one, the mails are
///   erased by a job.
/// - **Emits:** nothing.
/// - **Idempotent,** because only a newer version of an address is taken over and a mail's row is
///   written once; what is erased stays erased.
pub struct OnAccountUpdate<D> {
    database: D,
    max_age: Duration,
}

impl<D> OnAccountUpdate<D> {
    /// A handler on `database`; what happened longer than `max_age` ago is not mailed.
    pub fn new(database: D, max_age: Duration) -> Self {
        Self { database, max_age }
    }
}

impl<D: Rows + ReplicaStore<Recipient>> Handle<AccountUpdate, D> for OnAccountUpdate<D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<AccountUpdate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let recipients = Copies::<Recipient, _>::new(self.database.clone());
        recipients.take(tx, events, out).await?;
        let mails: Vec<_> = events
            .iter()
            .filter_map(|one| Some((Mail::of_account(&one.event, one.time)?, one.consequence())))
            .collect();
        write_mails(&self.database, tx, &mails, self.max_age, out).await?;
        for deleted in events.iter().filter(|one| one.event.deleted) {
            let (id, job) = EraseMails::of(&deleted.event);
            out.schedule(id, &job, out.now(), deleted.consequence())?;
        }
        Ok(())
    }
}
