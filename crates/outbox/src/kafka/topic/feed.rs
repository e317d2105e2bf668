//! The thread that reads for one stream.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc::Sender;

use super::super::client_log::Plain;
use super::super::record::to_record;
use super::error::TopicError;
use crate::checkpoint::TopicPartition;
use crate::source::Record;

/// The most records and bytes handed over at once.
const CHUNK: usize = 500;
const CHUNK_BYTES: usize = 2 * 1024 * 1024;

pub(super) struct Feed {
    consumer: BaseConsumer<Plain>,
    topic: String,
    /// The offset at which each partition is finished.
    left: BTreeMap<i32, i64>,
    patience: Duration,
    heard: Instant,
}

impl Feed {
    pub(super) fn new(
        consumer: BaseConsumer<Plain>,
        prefix: &str,
        topic: String,
        wanted: BTreeMap<i32, (i64, i64)>,
        patience: Duration,
    ) -> Result<Self, TopicError> {
        let name = format!("{prefix}{topic}");
        let mut list = TopicPartitionList::new();
        let assigned = wanted
            .iter()
            .try_for_each(|(partition, (from, _))| {
                list.add_partition_offset(&name, *partition, Offset::Offset(*from))
            })
            .and_then(|()| consumer.assign(&list));
        if let Err(source) = assigned {
            return Err(TopicError::Kafka { topic, source });
        }
        let left = wanted
            .into_iter()
            .map(|(partition, (_, to))| (partition, to));
        Ok(Self {
            consumer,
            topic,
            left: left.collect(),
            patience,
            heard: Instant::now(),
        })
    }

    /// Reads until every partition is finished or nobody listens.
    pub(super) fn run(
        mut self,
        sender: &Sender<Result<Vec<Record>, TopicError>>,
    ) -> Result<(), TopicError> {
        while !self.left.is_empty() && !sender.is_closed() {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                self.lose_patience()?;
            } else if sender.blocking_send(Ok(chunk)).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// What is there, after a moment's wait for the first one.
    fn chunk(&mut self) -> Result<Vec<Record>, TopicError> {
        let mut records = Vec::new();
        let mut bytes = 0;
        let mut wait = Duration::from_millis(100);
        while !self.left.is_empty() && records.len() < CHUNK && bytes < CHUNK_BYTES {
            let record = match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    let place = (message.partition(), message.offset());
                    let wanted = self.left.get(&place.0).is_some_and(|to| place.1 < *to);
                    let record = wanted.then(|| to_record(&self.topic, &message));
                    drop(message);
                    self.reached(place.0, place.1 + 1);
                    record
                }
                // The end of the log is not before the end that was asked for.
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.reached(partition, i64::MAX);
                    None
                }
                Some(Err(error)) => {
                    self.note(error)?;
                    break;
                }
            };
            if let Some(record) = record {
                bytes += record.payload.len();
                records.push(record);
            }
            wait = Duration::ZERO;
        }
        Ok(records)
    }

    /// Takes note that `partition` has been read up to `next`.
    fn reached(&mut self, partition: i32, next: i64) {
        self.heard = Instant::now();
        if self.left.get(&partition).is_some_and(|to| next >= *to) {
            self.left.remove(&partition);
        }
    }

    /// Errors that pass are waited for; what is gone is said.
    fn note(&self, source: KafkaError) -> Result<(), TopicError> {
        let gone = matches!(
            source.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::AutoOffsetReset
                    | RDKafkaErrorCode::OffsetOutOfRange
                    | RDKafkaErrorCode::UnknownTopicOrPartition
                    | RDKafkaErrorCode::UnknownPartition
                    | RDKafkaErrorCode::TopicAuthorizationFailed
            )
        );
        if gone {
            let topic = self.topic.clone();
            return Err(TopicError::Kafka { topic, source });
        }
        tracing::debug!(%source, topic = self.topic, "the broker is away or changing");
        Ok(())
    }

    fn lose_patience(&self) -> Result<(), TopicError> {
        match self.left.first_key_value() {
            Some((partition, to)) if self.heard.elapsed() >= self.patience => {
                Err(TopicError::Stalled {
                    at: TopicPartition::new(&self.topic, *partition),
                    to: *to,
                    waited: self.patience,
                })
            }
            _ => Ok(()),
        }
    }
}
