//! How far a consumer has come in each partition, kept beside its state.
//!
//! A checkpoint is written in the transaction that applies the records, so the two never
//! disagree. Its `epoch` rises each time someone takes the partition over; a transaction
//! that carries an older epoch matches nothing and changes nothing. That makes a consumer
//! that was presumed dead and comes back harmless.

use std::collections::HashMap;
use std::fmt;

use uuid::Uuid;

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
    /// The id of the topic that the offset is one of. A checkpoint of a build before ids has none
    /// until it is claimed and fits the topic.
    pub topic_id: Option<Uuid>,
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

/// What became of the records of a replay, in numbers of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayCounts {
    /// Handled, and not seen before: they changed something.
    pub applied: u64,
    /// Handled, and dropped by the handler as seen before.
    pub duplicates: u64,
    /// Set aside, now or already before.
    pub dead_lettered: u64,
    /// Of a type that nobody here asked for.
    pub passed_over: u64,
}

impl std::ops::AddAssign for ReplayCounts {
    fn add_assign(&mut self, more: Self) {
        self.applied += more.applied;
        self.duplicates += more.duplicates;
        self.dead_lettered += more.dead_lettered;
        self.passed_over += more.passed_over;
    }
}

/// A replay of a partition and what it has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayState {
    /// The offset at which it began.
    pub from: i64,
    /// The offset at which it ends: where the checkpoint was before.
    pub to: i64,
    /// What has been counted since it began.
    pub counts: ReplayCounts,
}

/// A checkpoint to be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewind {
    /// The partition.
    pub at: TopicPartition,
    /// The offset to go on from.
    pub from: i64,
}
