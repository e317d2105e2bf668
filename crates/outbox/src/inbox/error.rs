//! Why an inbox stops.

use thiserror::Error;

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
}
