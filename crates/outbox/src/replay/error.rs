//! Why a replay is refused.

use thiserror::Error;

use crate::checkpoint::TopicPartition;
use crate::error::StoreError;
use crate::kafka::TopicError;

/// Why a replay is refused. Nothing was changed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The group does not listen to the topic.
    #[error(
        "{group} does not subscribe to {topic}; it subscribes to {}",
        subscribed.join(", ")
    )]
    NotSubscribed {
        /// What was asked for.
        topic: String,
        /// The consumer group.
        group: String,
        /// What it listens to.
        subscribed: Vec<String>,
    },
    /// The topic has fewer partitions.
    #[error("{at} does not exist; the topic has {partitions} partitions, numbered from 0")]
    UnknownPartition {
        /// What was asked for.
        at: TopicPartition,
        /// How many there are.
        partitions: usize,
    },
    /// The offset is not there.
    #[error("{at} holds the offsets {low} to {high}; {from} is not there")]
    OutOfRange {
        /// The partition.
        at: TopicPartition,
        /// What was asked for.
        from: i64,
        /// The first offset that is there.
        low: i64,
        /// The offset that the next record will get.
        high: i64,
    },
    /// The checkpoint has not come that far.
    #[error(
        "the checkpoint of {at} stands at {next}; to continue at {from} would skip {} record(s) \
         that were never handled",
        from - next
    )]
    Ahead {
        /// The partition.
        at: TopicPartition,
        /// What was asked for.
        from: i64,
        /// Where the checkpoint stands.
        next: i64,
    },
    /// The group has not read the partition yet.
    #[error(
        "{at} was never read by this group, so nothing of it can be handled again; start the \
         service, it begins at the first record"
    )]
    NotBegun {
        /// The partition.
        at: TopicPartition,
    },
    /// The checkpoint stands behind the end.
    #[error(
        "the checkpoint of {at} stands at {next}, but the topic ends at {high}: this is not the \
         topic that the database has read. Connect the matching pair"
    )]
    NotTheTopic {
        /// The partition.
        at: TopicPartition,
        /// Where the checkpoint stands.
        next: i64,
        /// The offset that the next record will get.
        high: i64,
    },
    /// The checkpoint is of another topic of this name.
    #[error(
        "the checkpoint of {at} is of another topic of this name, which was deleted and recreated: \
         this is not the topic that the database has read. Connect the matching pair"
    )]
    AnotherTopic {
        /// The partition.
        at: TopicPartition,
    },
    /// The topic could not be asked what it holds.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
