//! Why a topic can't be read.

use std::time::Duration;

use rdkafka::error::KafkaError;
use thiserror::Error;

use crate::checkpoint::TopicPartition;

/// Why a topic could not be read.
#[derive(Debug, Error)]
pub enum TopicError {
    /// The cluster has no such topic.
    #[error("there is no topic {topic}; start the service that owns it, which creates it")]
    Unknown {
        /// Its name, without the prefix.
        topic: String,
    },
    /// The topic has fewer partitions.
    #[error("topic {} has no partition {}", at.topic, at.partition)]
    UnknownPartition {
        /// What was asked for.
        at: TopicPartition,
    },
    /// The offsets asked for are not all there.
    #[error("{at} holds the offsets {low} to {high}; {from} to {to} can't be read")]
    OutOfRange {
        /// The partition.
        at: TopicPartition,
        /// The first offset to be read.
        from: i64,
        /// The offset to stop at.
        to: i64,
        /// The first offset that is there.
        low: i64,
        /// The offset that the next record will get.
        high: i64,
    },
    /// Nothing came for too long.
    #[error("{at}: no record for {waited:?} before offset {to}; is Kafka up?")]
    Stalled {
        /// The first partition that is not finished.
        at: TopicPartition,
        /// The offset to stop at.
        to: i64,
        /// How long was waited.
        waited: Duration,
    },
    /// Kafka refused, or was out of reach for too long.
    #[error("topic {topic} can't be read: {source}")]
    Kafka {
        /// The topic's name, without the prefix.
        topic: String,
        /// The client's reason.
        source: KafkaError,
    },
}
