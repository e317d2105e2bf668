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
