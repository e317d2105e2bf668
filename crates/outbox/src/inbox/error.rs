//! Why an inbox stops.

use thiserror::Error;
use uuid::Uuid;

use crate::checkpoint::TopicPartition;

/// Why an inbox stopped for good: going on would lose or invent events.
#[derive(Debug, Error)]
pub enum InboxError {
    /// The checkpoint points before the first record that is still there.
    #[error(
        "group {group} should continue at offset {next} of {at}, but the topic begins at {low}: \
         {} records are gone. Rebuild what was made from them, then set the checkpoint again",
        low - next
    )]
    Lost {
        /// The consumer group.
        group: String,
        /// The partition.
        at: TopicPartition,
        /// Where the checkpoint stands.
        next: i64,
        /// The first offset that is there.
        low: i64,
    },
    /// The checkpoint points behind the last record: the topic is not the one it was.
    #[error(
        "group {group} should continue at offset {next} of {at}, but the topic ends at {high}: \
         it was recreated or restored from an older copy. Set the checkpoint to where the \
         two agree"
    )]
    Ahead {
        /// The consumer group.
        group: String,
        /// The partition.
        at: TopicPartition,
        /// Where the checkpoint stands.
        next: i64,
        /// The offset that the next record will get.
        high: i64,
    },
    /// The topic of this name is another one than the checkpoint is of.
    #[error(
        "group {group} should continue at offset {next} of {at}, but that is an offset of the topic \
         with the id {read}, and the topic of this name now is {now}: it was deleted and recreated, or \
         this is another cluster. Connect the matching pair; to read the new topic from its beginning, \
         delete the group's checkpoints of it (docs/operations.md, checkpoint mismatch)"
    )]
    AnotherTopic {
        /// The consumer group.
        group: String,
        /// The partition.
        at: TopicPartition,
        /// Where the checkpoint stands.
        next: i64,
        /// The id of the topic that was read.
        read: Uuid,
        /// The id of the topic of that name now.
        now: Uuid,
    },
}
