//! How far a consumer has come in each partition, kept beside its state.
//!
//! A checkpoint is written in the transaction that applies the records, so the two never
//! disagree. Its `epoch` rises each time someone takes the partition over; a transaction
//! that carries an older epoch matches nothing and changes nothing. That makes a consumer
//! that was presumed dead and comes back harmless.

use std::collections::HashMap;
use std::fmt;

use crate::dead_letter::DeadLetter;
use crate::error::StoreError;
use crate::replay::{ReplayCounts, ReplayState, Rewind};
use crate::source::Assigned;
use crate::transaction::Database;

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic, without the deployment's prefix.
    pub topic: String,
    /// The partition's number, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// The partition `partition` of `topic`.
    pub fn new(topic: impl Into<String>, partition: i32) -> Self {
        Self {
            topic: topic.into(),
            partition,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// The right to apply a partition's records from `next` on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The partition.
    pub at: TopicPartition,
    /// The right's number; the highest one holds.
    pub epoch: i64,
    /// The offset to go on from.
    pub next: i64,
    /// What the latest replay of the partition has come to, if there ever was one.
    pub replay: Option<ReplayState>,
}

/// The keys that have a dead letter, by partition, each with the offset of its first one.
/// What lies before that offset was applied long ago and may be applied again.
pub type DeadLetterKeys = HashMap<TopicPartition, HashMap<String, i64>>;

/// A step of a checkpoint, as a part of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// The partition.
    pub at: TopicPartition,
    /// The claim's number.
    pub epoch: i64,
    /// Where the checkpoint must stand now.
    pub from: i64,
    /// Where it will stand.
    pub to: i64,
}

/// The inbox's tables in a service's database.
pub trait InboxStore: Database {
    /// Takes over the partitions for `group`: raises each one's epoch and says where to go on.
    ///
    /// A partition never seen before begins at the first offset that it still holds.
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
