//! Snapshot isolation over a value that is cloned: of two that change one document, the first committer
//! wins.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use uuid::Uuid;

use super::faults::{Faults, Step};
use super::job_row::{self, Row};
use super::tables::Tables;
use crate::checkpoint::{ReplayState, TopicPartition};
use crate::clock::{Clock, SystemClock};
use crate::dead_letter::{DeadLetter, DeadLetterAction};
use crate::error::StoreError;
use crate::jobs::change::{JobChange, Scheduled};
use crate::jobs::id::JobId;
use crate::jobs::store::JobAction;
use crate::outbox::{Backlog, Lease, OutboxRecord, OutboxStore};
use crate::transaction::Database;
use crate::waker::Waker;

/// A database whose state is one value of type `S`.
pub struct MemoryDatabase<S> {
    shared: Arc<Mutex<Shared<S>>>,
    pub(super) clock: Arc<dyn Clock>,
    waker: Waker,
    pub(super) job_waker: Waker,
    /// Notified by the commits of all instances.
    elsewhere: Arc<Notify>,
    faults: Option<Arc<dyn Faults>>,
}

impl<S> Clone for MemoryDatabase<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            clock: Arc::clone(&self.clock),
            waker: self.waker.clone(),
            job_waker: self.job_waker.clone(),
            elsewhere: Arc::clone(&self.elsewhere),
            faults: self.faults.clone(),
        }
    }
}

pub(super) struct Shared<S> {
    /// Replaced by each change while a transaction has it.
    pub(super) versioned: Arc<Versioned<S>>,
    outbox: BTreeMap<Uuid, OutboxRecord>,
    leases: BTreeMap<String, (Uuid, i64, Timestamp)>,
}

impl<S: Clone> Shared<S> {
    /// For a change outside of transactions.
    pub(super) fn change(&mut self) -> &mut Versioned<S> {
        Arc::make_mut(&mut self.versioned)
    }
}

/// A checkpoint as it is kept.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct CheckpointState {
    pub(super) epoch: i64,
    pub(super) next: i64,
    pub(super) topic_id: Option<Uuid>,
    pub(super) replay: Option<ReplayState>,
}

/// What a transaction sees a snapshot of.
#[derive(Clone, Default)]
pub(super) struct Versioned<S> {
    state: S,
    pub(super) checkpoints: BTreeMap<(String, TopicPartition), CheckpointState>,
    pub(super) dead_letters: BTreeMap<String, DeadLetter>,
    pub(super) actions: Vec<(String, DeadLetterAction)>,
    pub(super) jobs: BTreeMap<JobId, Row>,
    pub(super) job_actions: Vec<JobAction>,
}

impl<S: Tables> Tables for Versioned<S> {
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError> {
        self.state.install(&seen.state, left.state)?;
        self.checkpoints
            .install(&seen.checkpoints, left.checkpoints)?;
        self.dead_letters
            .install(&seen.dead_letters, left.dead_letters)?;
        self.actions.install(&seen.actions, left.actions)?;
        self.jobs.install(&seen.jobs, left.jobs)?;
        self.job_actions
            .install(&seen.job_actions, left.job_actions)
    }
}

/// An open transaction: a snapshot that may be changed.
pub struct MemoryTx<S> {
    /// The service's state as this transaction sees and changes it.
    pub state: S,
    seen: Arc<Versioned<S>>,
    pub(super) checkpoints: BTreeMap<(String, TopicPartition), CheckpointState>,
    pub(super) dead_letters: BTreeMap<String, DeadLetter>,
    pub(super) actions: Vec<(String, DeadLetterAction)>,
    pub(super) jobs: BTreeMap<JobId, Row>,
    pub(super) job_actions: Vec<JobAction>,
    pub(super) scheduled: Scheduled,
    appended: Vec<OutboxRecord>,
}

impl<S: Tables> Default for MemoryDatabase<S> {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl<S: Tables> MemoryDatabase<S> {
    /// An empty database whose leases run by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let shared = Shared {
            versioned: Arc::default(),
            outbox: BTreeMap::new(),
            leases: BTreeMap::new(),
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
            clock,
            waker: Waker::default(),
            job_waker: Waker::default(),
            elsewhere: Arc::default(),
            faults: None,
        }
    }

    /// The same database as another instance of the service sees it: with a notifier of its own
    /// and what goes wrong between the two.
    #[must_use]
    pub fn instance(&self, faults: Arc<dyn Faults>) -> Self {
        Self {
            waker: Waker::default(),
            job_waker: Waker::default(),
            faults: Some(faults),
            ..self.clone()
        }
    }

    /// What happens at `step`; adapters of a service's own tables ask it before they read
    /// and write.
    ///
    /// # Errors
    /// The fault that the step meets.
    pub async fn meet(&self, step: Step) -> Result<(), StoreError> {
        match &self.faults {
            Some(faults) => faults.meet(step).await,
            None => Ok(()),
        }
    }

    /// Whether the next read is answered with what was true before.
    pub fn stale(&self) -> bool {
        self.faults.as_ref().is_some_and(|faults| faults.stale())
    }

    /// The committed state.
    pub fn state(&self) -> S {
        self.lock().versioned.state.clone()
    }

    /// The messages set aside.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.lock()
            .versioned
            .dead_letters
            .values()
            .cloned()
            .collect()
    }

    /// Makes the changes of `tx` the state, unless another transaction was first.
    fn install(&self, tx: MemoryTx<S>) -> Result<(), StoreError> {
        let mut shared = self.lock();
        let left = Versioned {
            state: tx.state,
            checkpoints: tx.checkpoints,
            dead_letters: tx.dead_letters,
            actions: tx.actions,
            jobs: tx.jobs,
            job_actions: tx.job_actions,
        };
        let alone = Arc::ptr_eq(&shared.versioned, &tx.seen);
        shared.versioned = Arc::new(if alone {
            left
        } else {
            let mut merged = shared.versioned.as_ref().clone();
            merged.install(&tx.seen, left)?;
            merged
        });
        let records = tx.appended.into_iter().map(|record| (record.id, record));
        shared.outbox.extend(records);
        Ok(())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared<S>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Tables> Database for MemoryDatabase<S> {
    type Tx = MemoryTx<S>;

    async fn begin(&self) -> Result<MemoryTx<S>, StoreError> {
        self.meet(Step::Begin).await?;
        let shared = self.lock();
        let seen = Arc::clone(&shared.versioned);
        let snapshot = seen.as_ref().clone();
        Ok(MemoryTx {
            state: snapshot.state,
            seen,
            checkpoints: snapshot.checkpoints,
            dead_letters: snapshot.dead_letters,
            actions: snapshot.actions,
            jobs: snapshot.jobs,
            job_actions: snapshot.job_actions,
            scheduled: Scheduled::default(),
            appended: Vec::new(),
        })
    }

    async fn commit(&self, mut tx: MemoryTx<S>) -> Result<(), StoreError> {
        self.meet(Step::Commit).await?;
        let scheduled = std::mem::take(&mut tx.scheduled);
        let said = !tx.appended.is_empty();
        self.install(tx)?;
        if said {
            self.waker.wake();
            self.elsewhere.notify_waiters();
        }
        scheduled.committed(&self.job_waker);
        self.meet(Step::Committed).await
    }

    async fn abort(&self, tx: MemoryTx<S>) {
        drop(tx);
    }

    fn jitter(&self, bound: Duration) -> Duration {
        match &self.faults {
            Some(faults) => faults.jitter(bound),
            None => bound / 2,
        }
    }
}

/// As much as a document of MongoDB may have.
const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

impl<S: Tables> OutboxStore for MemoryDatabase<S> {
    async fn append(&self, tx: &mut MemoryTx<S>, record: &OutboxRecord) -> Result<(), StoreError> {
        for message in &record.messages {
            message.validate().map_err(StoreError::permanent)?;
        }
        let payloads = record.messages.iter().map(|message| message.payload.len());
        if payloads.sum::<usize>() > MAX_RECORD_BYTES {
            return Err(StoreError::permanent("the outbox record is too large"));
        }
        self.meet(Step::Write).await?;
        tx.appended.push(record.clone());
        Ok(())
    }

    async fn change_jobs(
        &self,
        tx: &mut MemoryTx<S>,
        changes: &[JobChange],
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        tx.scheduled.note(changes);
        job_row::change(&mut tx.jobs, changes, self.clock.now());
        Ok(())
    }

    async fn pending(
        &self,
        limit: usize,
        except: &[Uuid],
    ) -> Result<Vec<OutboxRecord>, StoreError> {
        self.meet(Step::Pending).await?;
        let shared = self.lock();
        let waiting = shared
            .outbox
            .values()
            .filter(|record| !except.contains(&record.id));
        Ok(waiting.take(limit).cloned().collect())
    }

    async fn remove(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        self.meet(Step::Remove).await?;
        self.lock().outbox.retain(|id, _| !ids.contains(id));
        self.meet(Step::Removed).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let shared = self.lock();
        let oldest = shared.outbox.values().map(|record| record.written_at).min();
        Ok(Backlog {
            records: shared.outbox.len() as u64,
            oldest,
        })
    }

    async fn lease(
        &self,
        shard: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.meet(Step::Lease).await?;
        let now = self.clock.now();
        let until = now + SignedDuration::try_from(ttl).map_err(StoreError::permanent)?;
        let epoch = {
            let mut held = self.lock();
            let epoch = match held.leases.get(shard) {
                Some((owner, epoch, _)) if *owner == holder => *epoch,
                Some((_, _, expires)) if *expires > now => return Ok(None),
                Some((_, epoch, _)) => epoch + 1,
                None => 1,
            };
            held.leases.insert(shard.to_owned(), (holder, epoch, until));
            epoch
        };
        self.meet(Step::Leased).await?;
        Ok(Some(Lease { epoch, ttl }))
    }

    async fn release(&self, shard: &str, holder: Uuid) -> Result<(), StoreError> {
        let mut held = self.lock();
        if let Some((owner, _, expires)) = held.leases.get_mut(shard)
            && *owner == holder
        {
            // The epoch stays, so that the next one is higher.
            *owner = Uuid::nil();
            *expires = Timestamp::UNIX_EPOCH;
        }
        Ok(())
    }

    async fn changed_elsewhere(&self) -> Result<(), StoreError> {
        self.elsewhere.notified().await;
        Ok(())
    }

    fn waker(&self) -> Waker {
        self.waker.clone()
    }
}
