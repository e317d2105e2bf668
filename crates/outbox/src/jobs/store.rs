//! The table of jobs in a service's database.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::id::JobId;
use crate::dead_letter::Action;
use crate::error::StoreError;
use crate::message::MessageContext;
use crate::outbox::OutboxStore;
use crate::waker::Waker;

/// The right of one attempt to a job. It is gone when it ran out and another attempt took the
/// job, and when the job was cancelled or discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The job.
    pub id: JobId,
    /// The attempt's own number.
    pub lease: Uuid,
}

/// A job that an attempt has a right to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenJob {
    /// The right to it.
    pub held: Held,
    /// Its name.
    pub name: String,
    /// How often it was taken, this time included.
    pub attempt: u32,
    /// When it was due first.
    pub due: Timestamp,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// What it is a consequence of.
    pub context: MessageContext,
    /// The job as JSON.
    pub payload: Vec<u8>,
}

/// What a look at the table has brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Jobs that are due, those due longest first.
    pub jobs: Vec<TakenJob>,
    /// In how long the next one is due, by the database's clock; `None` when none waits.
    pub next: Option<Duration>,
}

/// What has become of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// It waits until it is due, for the first time or again.
    Waiting,
    /// An attempt has it.
    Running,
    /// It was set aside: it failed too often or has no hope.
    Dead,
    /// It was done.
    Done,
    /// It was cancelled.
    Cancelled,
    /// An operator gave it up.
    Discarded,
}

impl JobState {
    /// Those in which something is still to be done, which can be listed. A job that has ended
    /// keeps a small row, found by its id.
    pub const OPEN: [Self; 3] = [Self::Waiting, Self::Running, Self::Dead];
    const ENDED: [Self; 3] = [Self::Done, Self::Cancelled, Self::Discarded];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Dead => "dead",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Discarded => "discarded",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::OPEN.into_iter().chain(Self::ENDED);
        all.find(|state| state.name() == name)
    }

    /// Whether nothing is to be done any more.
    pub fn has_ended(self) -> bool {
        Self::ENDED.contains(&self)
    }
}

/// A job as an operator sees it. What is dropped when a job ends is `None` then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    /// Its identity.
    pub id: JobId,
    /// Its name; empty for an id that was cancelled before it was scheduled.
    pub name: String,
    /// What has become of it.
    pub state: JobState,
    /// Waiting: when it is tried next. Running: until when it is leased. Otherwise: since when.
    pub at: Timestamp,
    /// When it was due first.
    pub due: Option<Timestamp>,
    /// When it was scheduled.
    pub scheduled_at: Option<Timestamp>,
    /// How often it was taken.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    /// What it is a consequence of.
    pub context: MessageContext,
    /// The job as JSON.
    pub payload: Option<Vec<u8>>,
}

/// A place in a list of jobs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobPosition {
    /// [`JobView::at`] of the job there.
    pub at: Timestamp,
    /// Its id.
    pub id: JobId,
}

/// Which jobs to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFilter {
    /// Those in this state, one of [`JobState::OPEN`].
    pub state: JobState,
    /// Those of this name only.
    pub name: Option<String>,
    /// Those behind this place only.
    pub after: Option<JobPosition>,
    /// At most so many.
    pub limit: usize,
}

impl JobFilter {
    /// The first hundred in `state`.
    pub fn of(state: JobState) -> Self {
        Self {
            state,
            name: None,
            after: None,
            limit: 100,
        }
    }
}

/// How many jobs there are; each counted up to [`JobCounts::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobCounts {
    /// Those that wait, due or not.
    pub waiting: u64,
    /// Those of them that are due.
    pub due: u64,
    /// For how long the first of these has been due.
    pub oldest_due: Duration,
    /// Those that an attempt has.
    pub running: u64,
    /// Those set aside.
    pub dead: u64,
}

impl JobCounts {
    /// Nobody needs to know more exactly, and a million take time to count.
    pub const MOST: u64 = 10_000;
}

/// What an operator did with a job, as it is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobAction {
    /// Its identity; rises with time within one process.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What.
    pub action: Action,
    /// With which job.
    pub job: JobId,
    /// The job's name.
    pub name: String,
    /// Why, in the operator's words.
    pub why: String,
}

/// The table of jobs. All times are the database's, so that instances need not agree on one.
///
/// A job that has ended keeps its id, name and end for ever, apart from those that wait.
pub trait JobStore: OutboxStore {
    /// Takes at most `limit` jobs that are due, or whose lease has run out, for `ttl` under the
    /// lease `lease`, which must be new.
    fn take(
        &self,
        lease: Uuid,
        limit: usize,
        ttl: Duration,
    ) -> impl Future<Output = Result<Taken, StoreError>> + Send;

    /// Lets the leases last `ttl` from now on; those that are gone stay gone.
    fn renew(
        &self,
        held: &[Held],
        ttl: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives jobs back that no attempt has begun with; it does not count as one.
    fn give_back(&self, held: &[Held]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the job as done; `false` when the right to it is gone.
    fn finish(&self, held: &Held) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends the job as done, as a part of the transaction.
    ///
    /// # Errors
    /// [`Fenced`](crate::ErrorKind::Fenced) when the right to it is gone.
    fn finish_in(
        &self,
        tx: &mut Self::Tx,
        held: &Held,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Has the job tried again after `pause`; `false` when the right to it is gone.
    fn fail(
        &self,
        held: &Held,
        pause: Duration,
        reason: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Sets the job aside; `false` when the right to it is gone.
    fn set_aside(
        &self,
        held: &Held,
        reason: &str,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// How many there are.
    fn job_counts(&self) -> impl Future<Output = Result<JobCounts, StoreError>> + Send;

    /// Jobs as `filter` wants them, in the order of [`JobPosition`].
    fn jobs(
        &self,
        filter: &JobFilter,
    ) -> impl Future<Output = Result<Vec<JobView>, StoreError>> + Send;

    /// The job `id`, if there ever was one.
    fn job(&self, id: &JobId) -> impl Future<Output = Result<Option<JobView>, StoreError>> + Send;

    /// Makes a job due now that is dead, or that failed and waits, and begins to count its
    /// attempts anew; `false` when there is no such one.
    fn retry_job(
        &self,
        tx: &mut Self::Tx,
        id: &JobId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends a job that has not ended as discarded; `false` when there is no such one.
    fn discard_job(
        &self,
        tx: &mut Self::Tx,
        id: &JobId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Keeps what an operator did.
    fn write_job_action(
        &self,
        tx: &mut Self::Tx,
        action: &JobAction,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What operators did, newest first.
    fn job_actions(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<JobAction>, StoreError>> + Send;

    /// What commits of this process wake when a job is due soon.
    fn job_waker(&self) -> Waker;
}
