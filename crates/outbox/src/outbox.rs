//! The events of a transaction, and the table where they wait to be published.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::StoreError;
use crate::jobs::change::{InvalidJob, Job, JobChange, NewJob};
use crate::jobs::id::JobId;
use crate::message::{Event, InvalidMessage, Message, MessageContext};
use crate::transaction::Database;

/// All messages of one transaction, in the order in which they happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRecord {
    /// The record's identity, a `UUIDv7`; rises with time within one process.
    pub id: Uuid,
    /// When the transaction wrote it.
    pub written_at: Timestamp,
    /// What is to be published.
    pub messages: Vec<Message>,
}

/// Collects the messages and the jobs of one transaction.
pub struct EventCollector<'a> {
    source: &'a str,
    clock: &'a dyn Clock,
    now: Timestamp,
    messages: Vec<Message>,
    /// The ids of the records that the messages become, each with how many messages go before it.
    ids: Vec<(usize, Uuid)>,
    jobs: Vec<JobChange>,
    duplicates: usize,
    on_commit: Vec<OnCommit>,
}

/// Runs once a transaction is committed, and never for one that was not.
pub(crate) type OnCommit = Box<dyn FnOnce() + Send>;

impl<'a> EventCollector<'a> {
    /// An empty collection for the service `source`. All its messages have one time.
    pub fn new(source: &'a str, clock: &'a dyn Clock) -> Self {
        Self {
            source,
            clock,
            now: to_milliseconds(clock.now()),
            messages: Vec::new(),
            ids: Vec::new(),
            jobs: Vec::new(),
            duplicates: 0,
            on_commit: Vec::new(),
        }
    }

    /// The time that messages of this collection carry unless they are given their own; in
    /// whole milliseconds, which is what databases keep.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Has what is added from here on published after all that was written until `latest`, the time of
    /// the newest change that it builds on. Comes back with the time to keep for the next one to build
    /// on, which is [`now`](Self::now) from here on.
    ///
    /// Records are published in the order of their ids, which go by the clock of the process that wrote
    /// them, and another one's may be ahead. To be called once everything is read: what was read was
    /// written before that.
    pub fn after(&mut self, latest: Option<Timestamp>) -> Timestamp {
        let drawn = self.ids.last().map(|(_, id)| time_of(*id));
        if let Some(drawn) = drawn
            && latest.is_none_or(|latest| latest < drawn)
        {
            return drawn;
        }
        let id = later(self.clock.uuid(), latest);
        // What was added before knew nothing of `latest`; the first id is for it, too.
        let before = drawn.map_or(0, |_| self.messages.len());
        self.ids.push((before, id));
        self.now = time_of(id);
        self.now
    }

    /// Adds an event under a new id.
    ///
    /// # Errors
    /// When it could never be published, for its size or its key.
    pub fn push<E: Event>(
        &mut self,
        event: &E,
        context: MessageContext,
    ) -> Result<(), InvalidMessage> {
        self.push_as(self.clock.uuid(), event, context)
    }

    /// Adds an event under the id that it was given when it was decided.
    ///
    /// # Errors
    /// When it could never be published, for its size or its key.
    pub fn push_as<E: Event>(
        &mut self,
        id: Uuid,
        event: &E,
        context: MessageContext,
    ) -> Result<(), InvalidMessage> {
        self.push_at(id, self.now, event, context)
    }

    /// Adds an event that happened at `time`: one that is published again stays what it was.
    ///
    /// # Errors
    /// When it could never be published, for its size or its key.
    pub fn push_at<E: Event>(
        &mut self,
        id: Uuid,
        time: Timestamp,
        event: &E,
        context: MessageContext,
    ) -> Result<(), InvalidMessage> {
        self.messages
            .push(Message::new(id, self.source, time, context, event)?);
        Ok(())
    }

    /// Schedules `job`, to be run once it is `due` by the database's clock. An id that was ever
    /// used changes nothing, whatever has become of its job: events may come again.
    ///
    /// # Errors
    /// When the job is too large to be kept.
    pub fn schedule<J: Job>(
        &mut self,
        id: JobId,
        job: &J,
        due: Timestamp,
        context: MessageContext,
    ) -> Result<(), InvalidJob> {
        let job = NewJob::new(id, job, due, self.now, context)?;
        self.jobs.push(JobChange::Schedule(job));
        Ok(())
    }

    /// Cancels the job `id` unless it has ended; scheduling it later changes nothing. Of an
    /// attempt that is under way, what it does in a transaction does not happen.
    pub fn cancel(&mut self, id: JobId) {
        self.jobs.push(JobChange::Cancel(id));
    }

    /// Counts `events` of those handled as seen before: they changed nothing. For metrics
    /// only: a replay shows what was new.
    pub fn duplicates(&mut self, events: usize) {
        self.duplicates += events;
    }

    /// Runs `act` once the transaction is committed. For metrics and log lines only: a
    /// process that ends just then does not do it. A transaction that is run again does it once.
    pub fn on_commit(&mut self, act: impl FnOnce() + Send + 'static) {
        self.on_commit.push(Box::new(act));
    }

    /// The actions to run once the transaction is committed.
    pub(crate) fn take_on_commit(&mut self) -> Vec<OnCommit> {
        std::mem::take(&mut self.on_commit)
    }

    /// How many were counted as seen before since the last call.
    pub(crate) fn take_duplicates(&mut self) -> usize {
        std::mem::take(&mut self.duplicates)
    }

    /// Adds a message that has its form already.
    pub(crate) fn push_message(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The messages so far.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Writes the messages as one outbox record, or as several where [`after`](Self::after) asks for it,
    /// and the jobs, as a part of the transaction. What there is none of costs nothing. Comes back with
    /// the records.
    ///
    /// # Errors
    /// What the store's are.
    pub async fn write<D: OutboxStore>(
        mut self,
        database: &D,
        tx: &mut D::Tx,
    ) -> Result<Vec<OutboxRecord>, StoreError> {
        if !self.jobs.is_empty() {
            database.change_jobs(tx, &self.jobs).await?;
        }
        if self.messages.is_empty() {
            return Ok(Vec::new());
        }
        if self.ids.is_empty() {
            self.ids.push((0, self.clock.uuid()));
        }
        let mut records = Vec::with_capacity(self.ids.len());
        for (before, id) in self.ids.into_iter().rev() {
            let record = OutboxRecord {
                id,
                written_at: time_of(id),
                messages: self.messages.split_off(before),
            };
            if !record.messages.is_empty() {
                database.append(tx, &record).await?;
                records.push(record);
            }
        }
        records.reverse();
        Ok(records)
    }
}

/// The millisecond in which `id` was drawn, a `UUIDv7`.
fn time_of(id: Uuid) -> Timestamp {
    let (high, _) = id.as_u64_pair();
    let milliseconds = i64::try_from(high >> 16).unwrap_or_default();
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

/// `id`, or one of the millisecond after `latest` where that is later.
fn later(id: Uuid, latest: Option<Timestamp>) -> Uuid {
    let Some(latest) = latest.filter(|latest| time_of(id) <= *latest) else {
        return id;
    };
    let (high, low) = id.as_u64_pair();
    let milliseconds = u64::try_from(latest.as_millisecond() + 1).unwrap_or_default();
    Uuid::from_u64_pair(milliseconds << 16 | high & 0xffff, low)
}

fn to_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

/// The right to publish a shard's records, until it runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The right's number; it rises with each change of hands.
    pub epoch: i64,
    /// How long it holds from when it was asked for.
    pub ttl: Duration,
}

/// What waits to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// The number of records, counted up to 100,000.
    pub records: u64,
    /// When the oldest one was written.
    pub oldest: Option<Timestamp>,
}

/// The outbox table in a service's database.
pub trait OutboxStore: Database {
    /// Writes the record as a part of the transaction, which also wakes the relay once it
    /// is committed.
    fn append(
        &self,
        tx: &mut Self::Tx,
        record: &OutboxRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Schedules and cancels jobs, in this order, as a part of the transaction, which also
    /// wakes the runner once it is committed.
    fn change_jobs(
        &self,
        tx: &mut Self::Tx,
        changes: &[JobChange],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What is not published yet, oldest first, at one snapshot; at most `limit` records
    /// and none of `except`.
    fn pending(
        &self,
        limit: usize,
        except: &[Uuid],
    ) -> impl Future<Output = Result<Vec<OutboxRecord>, StoreError>> + Send;

    /// Deletes records that the broker has confirmed.
    fn remove(&self, ids: &[Uuid]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// How much waits, and since when.
    fn backlog(&self) -> impl Future<Output = Result<Backlog, StoreError>> + Send;

    /// Takes or renews the lease `shard` for `holder`; `None` while another one holds it.
    /// Time is the database's, so that instances need not agree on it.
    fn lease(
        &self,
        shard: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> impl Future<Output = Result<Option<Lease>, StoreError>> + Send;

    /// Gives the lease back, if `holder` has it.
    fn release(
        &self,
        shard: &str,
        holder: Uuid,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Comes back when another instance may have written a record. May come back for no
    /// reason; the relay looks at the table in any case.
    fn changed_elsewhere(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The waker that commits of this process wake.
    fn waker(&self) -> crate::waker::Waker;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that stands.
    struct Standing(i64);

    impl Clock for Standing {
        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(self.0).expect("it is a time")
        }

        fn uuid(&self) -> Uuid {
            let milliseconds = u64::try_from(self.0).expect("it is after 1970");
            uuid::Builder::from_unix_timestamp_millis(milliseconds, &[7; 10]).into_uuid()
        }
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).expect("it is a time")
    }

    #[test]
    fn what_builds_on_a_change_gets_a_later_id_whatever_the_clock_says() {
        let clock = Standing(1_000);
        let mut ahead = EventCollector::new("shop", &clock);
        assert_eq!(ahead.after(Some(at(900))), at(1_000));
        assert_eq!(
            ahead.after(Some(at(999))),
            at(1_000),
            "it was drawn already"
        );
        assert_eq!(ahead.ids.len(), 1);

        let mut behind = EventCollector::new("shop", &clock);
        assert_eq!(
            behind.after(Some(at(1_000))),
            at(1_001),
            "the same millisecond"
        );
        assert_eq!(behind.after(Some(at(5_000))), at(5_001));
        assert_eq!(behind.now(), at(5_001));
        let ids: Vec<Uuid> = behind.ids.iter().map(|(_, id)| *id).collect();
        assert!(ids[0] < ids[1], "{ids:?}");
        assert!(ids.iter().all(|id| id.get_version_num() == 7), "{ids:?}");
    }
}
