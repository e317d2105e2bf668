//! Takes what is personal out of the mails of a deleted account.

use events::{AccountId, AccountUpdate};
use outbox::{Job, JobContext, JobError, JobId, Rows, RunJob, StoreError, Work, transact};
use serde::{Deserialize, Serialize};

use crate::store;

/// Why mails of a deleted account are dropped.
pub(crate) const DELETED: &str = "the account is deleted";

/// Has the mails of a deleted account erased.
///
/// A job and no part of the deletion's transaction: another transaction may write a mail meanwhile that
/// this one does not see, and the mail may be sent to the address as it was before. The job begins when the
/// deletion is committed. Whatever it does not see then is written later, and finds no address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseMails {
    account_id: AccountId,
}

impl Job for EraseMails {
    const NAME: &'static str = "erase-mails";
}

impl EraseMails {
    /// Of the account that `update` says to be deleted, under an id of that.
    pub(crate) fn of(update: &AccountUpdate) -> (JobId, Self) {
        let account_id = update.account_id;
        (Self::id(account_id, update.version), Self { account_id })
    }

    /// The id of the job for the account that `version` says to be deleted.
    pub fn id(account: AccountId, version: u64) -> JobId {
        JobId::of(Self::NAME, &[&account, &version])
    }
}

/// Runs the job of an [`EraseMails`].
///
/// - **Effect:** no mail of the account has an address or a body, and none waits.
/// - **Idempotent,** because what is erased stays erased.
pub struct RunEraseMails<D> {
    database: D,
}

impl<D> RunEraseMails<D> {
    /// A runner on `database`.
    pub fn new(database: D) -> Self {
        Self { database }
    }
}

impl<D: Rows> RunJob<EraseMails> for RunEraseMails<D> {
    async fn run(&self, job: &EraseMails, _context: &JobContext) -> Result<(), JobError> {
        let mut page = ErasePage {
            database: &self.database,
            account: job.account_id,
        };
        while transact(&self.database, &mut page).await? {}
        Ok(())
    }
}

/// Erases a page of them; comes back with whether there were any.
struct ErasePage<'a, D> {
    database: &'a D,
    account: AccountId,
}

impl<D: Rows> Work<D> for ErasePage<'_, D> {
    type Output = bool;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<bool, StoreError> {
        store::erase(self.database, tx, self.account, DELETED).await
    }
}
