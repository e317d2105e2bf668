//! The thread that owns the client.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Receiver as CommandReceiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use topic_ids::topic_ids;
use uuid::Uuid;

use super::super::record::to_record;
use super::command::Command;
use super::membership::{Change, Membership};
use crate::checkpoint::{Claim, TopicPartition};
use crate::source::{Assigned, Record, SourceEvent};

/// The most records and bytes handed over at once; the inbox makes its batches from these.
const CHUNK: usize = 500;
const CHUNK_BYTES: usize = 2 * 1024 * 1024;
/// How long to stand still for a slow inbox before pausing the partitions. Pausing throws
/// away what was fetched, so it has to be worth it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often the topics' ids are asked for. The client goes on at its offset in a topic that was made
/// anew, if that has come so far already.
const IDS: Duration = Duration::from_secs(10);
/// How long asking for them may take: nothing is read meanwhile.
const IDS_TIMEOUT: Duration = Duration::from_secs(1);

/// The thread's state.
pub(super) struct Reader {
    consumer: BaseConsumer<Membership>,
    changes: Arc<Mutex<Option<Change>>>,
    prefix: String,
    events: Sender<SourceEvent>,
    commands: CommandReceiver<Command>,
    /// What the group gave us.
    ours: Vec<(String, i32)>,
    /// Whether it is to be announced, as soon as the broker says what it holds.
    announcing: bool,
    /// The ids of our topics, by their names on the wire, and when they were last asked for.
    ids: BTreeMap<String, Uuid>,
    checked_at: Instant,
    /// An event that did not fit, and since when it waits.
    waiting: Option<(SourceEvent, Instant)>,
    /// What is paused. The client keeps a partition paused when it is taken away and comes
    /// back, so it has to be let go by name, whoever has it then.
    paused: Option<TopicPartitionList>,
    /// What is to be committed to the broker.
    progress: BTreeMap<TopicPartition, i64>,
    reported: Instant,
}

impl Reader {
    pub(super) fn new(
        consumer: BaseConsumer<Membership>,
        changes: Arc<Mutex<Option<Change>>>,
        prefix: String,
        events: Sender<SourceEvent>,
        commands: CommandReceiver<Command>,
    ) -> Self {
        Self {
            consumer,
            changes,
            prefix,
            events,
            commands,
            ours: Vec::new(),
            announcing: false,
            ids: BTreeMap::new(),
            checked_at: Instant::now(),
            waiting: None,
            paused: None,
            progress: BTreeMap::new(),
            reported: Instant::now(),
        }
    }

    pub(super) fn run(mut self) {
        while self.step() {}
        self.commit(CommitMode::Sync);
        self.consumer.unsubscribe();
        // Leaves the group. The events' sender is dropped after it, which ends `next`.
        drop(self.consumer);
    }

    fn step(&mut self) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(Command::Close) => return false,
                Ok(command) => self.obey(command),
                Err(_) => break,
            }
        }
        let change = self
            .changes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if change.is_some() {
            self.resume();
        }
        match change {
            Some(Change::Assigned(partitions)) => {
                self.ours = partitions;
                self.announcing = true;
            }
            Some(Change::Revoked) => {
                self.ours.clear();
                self.ids.clear();
                self.announcing = false;
                self.hand_over_at_once(SourceEvent::Revoked);
            }
            None => {}
        }
        self.announce();
        self.check_topic_ids();
        if self.reported.elapsed() > Duration::from_secs(1) {
            self.commit(CommitMode::Async);
        }
        if !self.hand_over_waiting() {
            return true;
        }
        let records = self.poll();
        if !records.is_empty() {
            self.waiting = Some((SourceEvent::Records(records), Instant::now()));
            self.hand_over_waiting();
        }
        true
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Begin(claims) => self.begin(&claims),
            Command::Restart => self.restart(),
            Command::Report(progress) => self.progress.extend(progress),
            Command::Close => {}
        }
    }

    /// Stops fetching and announces our partitions again. Without the stop, records from
    /// where we were would follow the announcement and hide those before them.
    fn restart(&mut self) {
        if self.ours.is_empty() || self.announcing {
            return;
        }
        self.resume();
        if let Err(error) = self.consumer.unassign() {
            tracing::warn!(%error, "the partitions could not be put down");
        }
        self.announcing = true;
    }

    /// Starts fetching. Claims of an assignment that is gone are left alone.
    fn begin(&mut self, claims: &[Claim]) {
        let mut claimed: Vec<(String, i32)> = claims
            .iter()
            .map(|claim| {
                let topic = format!("{}{}", self.prefix, claim.at.topic);
                (topic, claim.at.partition)
            })
            .collect();
        claimed.sort_unstable();
        self.ours.sort_unstable();
        if self.announcing || claimed != self.ours {
            return;
        }
        let mut list = TopicPartitionList::new();
        for claim in claims {
            let topic = format!("{}{}", self.prefix, claim.at.topic);
            let offset = Offset::Offset(claim.next);
            if let Err(error) = list.add_partition_offset(&topic, claim.at.partition, offset) {
                tracing::warn!(%error, partition = %claim.at, "the offset can't be used");
            }
        }
        if let Err(error) = self.consumer.assign(&list) {
            tracing::warn!(%error, "the partitions could not be taken");
        }
    }

    /// Tells the inbox our partitions and what they hold; later if the broker is away.
    fn announce(&mut self) {
        if !self.announcing {
            return;
        }
        match self.ids(Duration::from_secs(2)) {
            // Before the offsets: of a topic that is made anew just now, these belong to the next.
            Ok(ids) => (self.ids, self.checked_at) = (ids, Instant::now()),
            Err(error) => {
                tracing::debug!(%error, "the topics are not reached yet");
                return;
            }
        }
        let mut assigned = Vec::with_capacity(self.ours.len());
        for (topic, partition) in &self.ours {
            let timeout = Duration::from_secs(2);
            match self.consumer.fetch_watermarks(topic, *partition, timeout) {
                Ok((low, high)) => {
                    assigned.push(Assigned {
                        at: self.plain(topic, *partition),
                        low,
                        high,
                        topic_id: self.ids.get(topic).copied(),
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, topic, partition, "the partition is not reached yet");
                    return;
                }
            }
        }
        self.announcing = false;
        self.hand_over_at_once(SourceEvent::Assigned(assigned));
    }

    /// The ids of our topics now.
    fn ids(&self, timeout: Duration) -> Result<BTreeMap<String, Uuid>, KafkaError> {
        let ours = self.ours.iter().map(|(topic, _)| topic.as_str());
        let ours: Vec<&str> = ours.collect::<BTreeSet<_>>().into_iter().collect();
        topic_ids(self.consumer.client(), &ours, timeout)
    }

    /// Announces the partitions again when one of our topics is another one by now: the inbox holds
    /// its checkpoints against it.
    fn check_topic_ids(&mut self) {
        if self.announcing || self.ours.is_empty() || self.checked_at.elapsed() < IDS {
            return;
        }
        self.checked_at = Instant::now();
        match self.ids(IDS_TIMEOUT) {
            Ok(now) => {
                let anew =
                    |(topic, id): (&String, &Uuid)| now.get(topic).is_some_and(|now| now != id);
                if self.ids.iter().any(anew) {
                    tracing::warn!("a topic was deleted and made anew");
                    self.restart();
                }
            }
            Err(error) => tracing::debug!(%error, "the topics are not reached"),
        }
    }

    fn plain(&self, topic: &str, partition: i32) -> TopicPartition {
        TopicPartition::new(topic.strip_prefix(&self.prefix).unwrap_or(topic), partition)
    }

    /// For what must not wait behind records: those have lost their meaning anyway.
    fn hand_over_at_once(&mut self, event: SourceEvent) {
        self.waiting = None;
        // Blocks until the inbox has taken what lies before it. The group's heartbeat has
        // a thread of its own.
        let _ = self.events.blocking_send(event);
    }

    /// Whether nothing waits any more.
    fn hand_over_waiting(&mut self) -> bool {
        let Some((event, since)) = self.waiting.take() else {
            return true;
        };
        match self.events.try_send(event) {
            Ok(()) => {
                self.resume();
                true
            }
            Err(TrySendError::Closed(_)) => true,
            Err(TrySendError::Full(event)) => {
                self.waiting = Some((event, since));
                if since.elapsed() > PATIENCE {
                    // Stay a member that polls, though nothing can be taken.
                    self.pause();
                    match self.consumer.poll(Duration::from_millis(20)) {
                        Some(Ok(message)) => {
                            // Fetched before the pause; it will come again, from here.
                            let (topic, partition) = (message.topic(), message.partition());
                            let again = Offset::Offset(message.offset());
                            let timeout = Duration::from_secs(1);
                            if let Err(error) = self.consumer.seek(topic, partition, again, timeout)
                            {
                                tracing::warn!(%error, topic, partition, "begins again");
                                self.restart();
                            }
                        }
                        // It comes once, and of an offset that is gone nothing follows it.
                        Some(Err(error)) => self.note(&error),
                        None => {}
                    }
                } else {
                    thread::sleep(Duration::from_millis(2));
                }
                false
            }
        }
    }

    fn pause(&mut self) {
        if self.paused.is_some() {
            return;
        }
        let paused = self.consumer.assignment().and_then(|all| {
            self.consumer.pause(&all)?;
            Ok(all)
        });
        match paused {
            Ok(all) => self.paused = Some(all),
            Err(error) => tracing::debug!(%error, "the flow could not be stopped"),
        }
    }

    fn resume(&mut self) {
        let Some(paused) = self.paused.take() else {
            return;
        };
        if let Err(error) = self.consumer.resume(&paused) {
            tracing::warn!(%error, "the flow could not be resumed; trying again");
            self.paused = Some(paused);
        }
    }

    /// Waits a moment for a record, then takes those that are there already.
    fn poll(&mut self) -> Vec<Record> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        let mut wait = Duration::from_millis(50);
        while records.len() < CHUNK && bytes < CHUNK_BYTES {
            match self.consumer.poll(wait) {
                Some(Ok(message)) => {
                    let topic = message.topic();
                    let plain = topic.strip_prefix(&self.prefix).unwrap_or(topic);
                    let record = to_record(plain, &message);
                    bytes += record.bytes();
                    records.push(record);
                }
                Some(Err(error)) => {
                    self.note(&error);
                    break;
                }
                None => break,
            }
            wait = Duration::ZERO;
        }
        records
    }

    fn note(&mut self, error: &KafkaError) {
        let code = error.rdkafka_error_code();
        if !matches!(
            code,
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
        ) {
            tracing::debug!(%error, "the broker is away or changing");
            return;
        }
        // The inbox compares the checkpoint with what there is, and says so.
        tracing::warn!(%error, "an offset is out of range");
        self.restart();
    }

    fn commit(&mut self, mode: CommitMode) {
        self.reported = Instant::now();
        if self.progress.is_empty() {
            return;
        }
        let mut list = TopicPartitionList::new();
        for (at, next) in std::mem::take(&mut self.progress) {
            let topic = format!("{}{}", self.prefix, at.topic);
            let _ = list.add_partition_offset(&topic, at.partition, Offset::Offset(next));
        }
        if let Err(error) = self.consumer.commit(&list, mode) {
            tracing::debug!(%error, "lag tools are told later");
        }
    }
}
