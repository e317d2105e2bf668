//! The port to the inbox's tables.

use crate::checkpoint::{Advance, Claim, DeadLetterKeys, ReplayCounts, Rewind, TopicPartition};
use crate::dead_letter::DeadLetter;
use crate::error::StoreError;
use crate::source::Assigned;
use crate::transaction::Database;

/// The inbox's tables in a service's database.
pub trait InboxStore: Database {
    /// Takes over the partitions for `group`: raises each one's epoch and says where to go on.
    ///
    /// A partition never seen before begins at the first offset that it still holds. A checkpoint
    /// without its topic's id takes the one that is told if its offset fits the partition; one that
    /// has an id keeps it.
    fn claim(
        &self,
        group: &str,
        partitions: &[Assigned],
    ) -> impl Future<Output = Result<Vec<Claim>, StoreError>> + Send;

    /// Moves checkpoints. Fails as [`Fenced`](crate::ErrorKind::Fenced) when one is not
    /// where `from` and `epoch` say.
    fn advance(
        &self,
        tx: &mut Self::Tx,
        group: &str,
        steps: &[Advance],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The keys of `partitions` that have a dead letter.
    fn dead_letter_keys(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = Result<DeadLetterKeys, StoreError>> + Send;

    /// Records that messages are dead-lettered, and gives back those that were not before.
    /// Dead-lettering the same one again changes nothing.
    fn add_dead_letters(
        &self,
        tx: &mut Self::Tx,
        dead_letters: &[DeadLetter],
    ) -> impl Future<Output = Result<Vec<DeadLetter>, StoreError>> + Send;

    /// How many messages of `group` are dead-lettered.
    fn count_dead_letters(
        &self,
        group: &str,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Raises the epochs of checkpoints at once, past any transaction: whoever has the
    /// partitions is fenced and has to claim them anew, from where they are. A transaction
    /// of an operator would hardly ever win against a busy inbox without it.
    fn interrupt(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Puts checkpoints back, raises their epochs and begins to count anew. A checkpoint
    /// that stands before the place it is to be put back to is a
    /// [`Conflict`](crate::ErrorKind::Conflict): nothing is ever skipped.
    fn rewind(
        &self,
        tx: &mut Self::Tx,
        group: &str,
        steps: &[Rewind],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Adds to what the replays of partitions have come to.
    fn count_replayed(
        &self,
        tx: &mut Self::Tx,
        group: &str,
        counts: &[(TopicPartition, ReplayCounts)],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Where each checkpoint of `group` stands.
    fn checkpoints(
        &self,
        group: &str,
    ) -> impl Future<Output = Result<Vec<Claim>, StoreError>> + Send;
}
