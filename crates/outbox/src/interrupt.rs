//! An operator's transaction on checkpoints that a busy inbox moves all the time.

use crate::checkpoint::TopicPartition;
use crate::error::{ErrorKind, StoreError};
use crate::inbox::InboxStore;
use crate::transaction::{Work, transact};

/// How often the inbox is interrupted before the conflict is handed to the caller.
const ATTEMPTS: u32 = 8;

/// Runs `work`, which writes the checkpoints of `partitions`, in a transaction.
///
/// An inbox with a backlog begins its next transaction as soon as one is done, and of two
/// that meet the later one gives way: without interrupting it, `work` starves. An inbox that
/// is fenced waits a little before it claims its partitions again, longer each time, and
/// in that pause the transaction gets through.
pub(crate) async fn interrupting<D: InboxStore, W: Work<D>>(
    database: &D,
    group: &str,
    partitions: &[TopicPartition],
    work: &mut W,
) -> Result<W::Output, StoreError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        database.interrupt(group, partitions).await?;
        match transact(database, work).await {
            Err(fault) if fault.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => {
                tracing::debug!(group, %fault, "the inbox is interrupted again");
            }
            done => return done,
        }
    }
}
