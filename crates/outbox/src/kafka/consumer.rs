//! Reads topics as a member of a consumer group.
//!
//! One thread owns the client and polls it; the inbox talks to it through channels. The
//! group decides who has which partition; where to go on is the database's word, so an
//! assignment is only started once the inbox has claimed its checkpoints
//! ([`Source::begin`]). `auto.offset.reset=error`: an offset that is gone is never
//! replaced by a guess.

mod command;
mod membership;
mod reader;

use std::sync::mpsc::{Sender as CommandSender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use tokio::sync::mpsc::{Receiver, channel as bounded};

use self::command::Command;
use self::membership::Membership;
use self::reader::Reader;
use super::KafkaOptions;
use super::client_log::ClientLog;
use crate::checkpoint::{Claim, TopicPartition};
use crate::source::{Source, SourceEvent};

/// How many of them may wait for the inbox.
const WAITING: usize = 4;
/// A member of a consumer group.
pub struct KafkaSource {
    events: Receiver<SourceEvent>,
    commands: CommandSender<Command>,
}

impl KafkaSource {
    /// Joins `group` for `topics`, which should exist. Nothing is contacted yet.
    ///
    /// # Errors
    /// When a setting is not one of Kafka's.
    pub fn subscribe<'a>(
        options: &KafkaOptions,
        group: &str,
        topics: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, KafkaError> {
        let prefix = &options.topic_prefix;
        let heartbeat = options.session_timeout / 4;
        let changes = Arc::new(Mutex::new(None));
        let consumer: BaseConsumer<Membership> = options
            .client()
            .set("group.id", format!("{prefix}{group}"))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set(
                "session.timeout.ms",
                options.session_timeout.as_millis().to_string(),
            )
            .set("heartbeat.interval.ms", heartbeat.as_millis().to_string())
            .set("partition.assignment.strategy", "range")
            // The default, a second, stalls a consumer that keeps up.
            .set("fetch.queue.backoff.ms", "10")
            .set("queued.min.messages", "5000")
            // A broker answers a connection in turn: by default a fetch that waits for records
            // keeps the question for the watermarks waiting for half a second at each rebalance.
            .set("fetch.wait.max.ms", "100")
            .set("statistics.interval.ms", "5000")
            .create_with_context(Membership {
                group: group.to_owned(),
                prefix: prefix.clone(),
                log: ClientLog::default(),
                changes: Arc::clone(&changes),
            })?;
        let topics: Vec<String> = topics
            .into_iter()
            .map(|topic| format!("{prefix}{topic}"))
            .collect();
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics)?;
        let (event_sender, events) = bounded(WAITING);
        let (commands, command_receiver) = channel();
        let reader = Reader::new(
            consumer,
            changes,
            prefix.clone(),
            event_sender,
            command_receiver,
        );
        thread::Builder::new()
            .name(format!("consume-{group}"))
            .spawn(move || reader.run())
            .map_err(|_| KafkaError::Canceled)?;
        Ok(Self { events, commands })
    }

    fn command(&self, command: Command) {
        // The thread ends only after `close`; what is told to it then does not matter.
        let _ = self.commands.send(command);
    }
}

impl Source for KafkaSource {
    async fn next(&mut self) -> Option<SourceEvent> {
        self.events.recv().await
    }

    fn try_next(&mut self) -> Option<SourceEvent> {
        self.events.try_recv().ok()
    }

    fn begin(&mut self, claims: &[Claim]) {
        self.command(Command::Begin(claims.to_vec()));
    }

    fn restart(&mut self) {
        self.command(Command::Restart);
    }

    fn report(&mut self, progress: &[(TopicPartition, i64)]) {
        self.command(Command::Report(progress.to_vec()));
    }

    fn close(&mut self) {
        self.command(Command::Close);
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.command(Command::Close);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::Range;
    use std::time::Duration;

    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::clock::{Clock as _, SystemClock};
    use crate::kafka::KafkaPublisher;
    use crate::message::{Event, Message, MessageContext};
    use crate::publisher::Publisher as _;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[derive(Clone, Serialize, Deserialize)]
    struct Counted(u64);

    impl Event for Counted {
        const TYPE: &'static str = "Counted";
        const VERSION: u32 = 1;
        const TOPIC: &'static str = "counted.v1";

        fn key(&self) -> String {
            format!("key {}", self.0)
        }

        fn aggregate_version(&self) -> u64 {
            1
        }
    }

    async fn publish(publisher: &KafkaPublisher, numbers: Range<u64>) {
        let message = |number| {
            let (id, now) = (SystemClock.uuid(), SystemClock.now());
            Message::new(id, "test", now, MessageContext::default(), &Counted(number)).unwrap()
        };
        let messages: Vec<_> = numbers.map(message).collect();
        publisher.publish(&messages).await.unwrap();
    }

    /// A reader stands still for a slow inbox, and then pauses its partitions, which throws away what
    /// was fetched: also the news that an offset can't be read, after which the client fetches nothing.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_error_that_comes_while_the_inbox_is_slow_is_not_lost() {
        /// More than the channel to the inbox holds, and fewer than the client wants to have fetched.
        const RECORDS: u64 = 4_000;
        let mock = MockCluster::new(3).unwrap();
        mock.create_topic(Counted::TOPIC, 3, 3).unwrap();
        let options = KafkaOptions {
            // Longer than the three seconds for which the mock lets a new group wait for members.
            session_timeout: Duration::from_secs(4),
            ..KafkaOptions::new(mock.bootstrap_servers())
        };
        let publisher = KafkaPublisher::new(&options).unwrap();
        publish(&publisher, 0..RECORDS).await;
        let mut source = KafkaSource::subscribe(&options, "slow", [Counted::TOPIC]).unwrap();
        let mut next = BTreeMap::new();
        let (mut is_slow, mut assigned) = (true, 0);
        let reading = async {
            while next.values().sum::<i64>().unsigned_abs() < RECORDS + 100 {
                match source.next().await {
                    Some(SourceEvent::Assigned(partitions)) => {
                        assigned += 1;
                        let claims = partitions.into_iter().map(|one| Claim {
                            next: next.get(&one.at).copied().unwrap_or(one.low),
                            at: one.at,
                            epoch: 1,
                            topic_id: None,
                            replay: None,
                        });
                        source.begin(&claims.collect::<Vec<_>>());
                    }
                    Some(SourceEvent::Records(records)) => {
                        next.extend(records.into_iter().map(|one| (one.at, one.offset + 1)));
                        if !std::mem::take(&mut is_slow) {
                            continue;
                        }
                        while source.events.len() < WAITING {
                            tokio::time::sleep(Duration::from_millis(10)).await;
                        }
                        let gone = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
                        mock.request_errors(RDKafkaApiKey::Fetch, &[gone; 6]);
                        // Longer than the reader stands still: being slow is what is tried here.
                        tokio::time::sleep(Duration::from_secs(4)).await;
                        publish(&publisher, RECORDS..RECORDS + 100).await;
                    }
                    Some(SourceEvent::Revoked) => panic!("nobody else is there"),
                    None => panic!("the source ended"),
                }
            }
        };
        let read = tokio::time::timeout(PATIENCE, reading).await;
        read.expect("everything is read");
        assert!(assigned > 1, "the error did not reach the reader");
    }
}
