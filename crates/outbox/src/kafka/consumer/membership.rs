//! What the client calls us back with.

use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Gauge, gauge};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Partition;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Statistics, TopicPartitionList};

use crate::kafka::client_log::ClientLog;

/// What the group says about our part.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Assigned(Vec<(String, i32)>),
    Revoked,
}

/// Takes note of rebalances; the reader acts on them between two polls.
pub(super) struct Membership {
    pub(super) group: String,
    pub(super) prefix: String,
    pub(super) log: ClientLog,
    pub(super) changes: Arc<Mutex<Option<Change>>>,
}

impl Membership {
    fn lag(&self, topic: &str, partition: i32) -> Gauge {
        gauge!(
            "inbox_lag_records",
            "group" => self.group.clone(),
            "topic" => topic.to_owned(),
            "partition" => partition.to_string(),
        )
    }
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        ClientLog::line(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.log.fault(&error, reason);
    }

    /// How far behind each partition is, as the client knows it.
    fn stats(&self, statistics: Statistics) {
        for (topic, shown) in &statistics.topics {
            let plain = topic.strip_prefix(&self.prefix).unwrap_or(topic);
            for (number, partition) in &shown.partitions {
                if *number >= 0 && partition.consumer_lag >= 0 {
                    #[expect(clippy::cast_precision_loss, reason = "a value for a chart")]
                    self.lag(plain, *number).set(behind(partition) as f64);
                }
            }
        }
    }
}

/// How many records of a partition are not handled, as far as offsets tell. None when everything is
/// fetched, given to us and handled: the end of a transaction has an offset, too, but is no record.
fn behind(partition: &Partition) -> i64 {
    let fetched = partition.next_offset >= partition.ls_offset.max(partition.hi_offset);
    let handled = partition.committed_offset >= partition.app_offset;
    if fetched && partition.fetchq_cnt == 0 && handled {
        return 0;
    }
    partition.consumer_lag
}

impl ConsumerContext for Membership {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let change = if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let list = partitions
                .elements()
                .iter()
                .map(|element| (element.topic().to_owned(), element.partition()))
                .collect();
            // Where to begin is in the database, and asking it may take long. Nothing is read until
            // then, but the group is answered: a member that owes it an answer holds up the next
            // rebalance, and with it all others.
            if let Err(error) = consumer.assign(&TopicPartitionList::new()) {
                tracing::warn!(%error, "the group could not be answered");
            }
            Change::Assigned(list)
        } else {
            if let Err(error) = consumer.unassign() {
                tracing::warn!(%error, "the partitions could not be given up");
            }
            // Its new owner tells it from now on; ours would stand for ever.
            for element in partitions.elements() {
                let topic = element.topic();
                let plain = topic.strip_prefix(&self.prefix).unwrap_or(topic);
                self.lag(plain, element.partition()).set(0.0);
            }
            Change::Revoked
        };
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner) = Some(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_a_transaction_is_no_record_that_is_waited_for() {
        // The record at 6 is handled, the mark at 7 is the last there is.
        let marked = Partition {
            app_offset: 7,
            committed_offset: 7,
            next_offset: 8,
            ls_offset: 8,
            hi_offset: 8,
            consumer_lag: 1,
            ..Partition::default()
        };
        assert_eq!(behind(&marked), 0);
        let queued = Partition {
            fetchq_cnt: 1,
            ..marked.clone()
        };
        assert_eq!(behind(&queued), 1, "fetched, but not given to us");
        let given = Partition {
            committed_offset: 6,
            consumer_lag: 2,
            ..marked.clone()
        };
        assert_eq!(behind(&given), 2, "given to us, but not handled");
        let unread = Partition {
            hi_offset: 9,
            ls_offset: 9,
            consumer_lag: 2,
            ..marked
        };
        assert_eq!(behind(&unread), 2, "not fetched yet");
    }
}
