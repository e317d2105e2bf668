//! The store as the runner sees it: right, or without one of its promises.

use std::time::Duration;

use jiff::SignedDuration;
use outbox::jobs::{Held, JobAction, JobChange, JobCounts, JobFilter, JobView, NewJob, Taken};
use outbox::memory::{MemoryDatabase, MemoryTx};
use outbox::outbox::{Backlog, Lease};
use outbox::{Database, ErrorKind, JobId, JobStore, OutboxRecord, OutboxStore, StoreError, Waker};
use uuid::Uuid;

use super::check::Check;
use super::snapshot::Snapshot;

/// A promise of the store that is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// An id whose job has ended is free again.
    EndedIdsAreForgotten,
    /// Cancelling an id that was never scheduled leaves no trace.
    EarlyCancelsAreForgotten,
    /// An attempt that has lost its right to a job finishes it all the same.
    NoFence,
    /// A job is finished before the transaction that applies it, not in it.
    FinishedBefore,
    /// A lease never runs out.
    EndlessLease,
    /// A job is taken before it is due.
    TakenEarly,
}

impl Control {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::EndedIdsAreForgotten,
        Self::EarlyCancelsAreForgotten,
        Self::NoFence,
        Self::FinishedBefore,
        Self::EndlessLease,
        Self::TakenEarly,
    ];

    /// The check that has to see it.
    pub fn caught_by(self) -> Check {
        match self {
            Self::EndedIdsAreForgotten | Self::NoFence => Check::ClosedOnce,
            Self::EarlyCancelsAreForgotten => Check::PaidStaysOpen,
            Self::FinishedBefore => Check::Closed,
            Self::EndlessLease => Check::Settled,
            Self::TakenEarly => Check::NotEarly,
        }
    }
}

/// The database, without the promise that a control takes away.
#[derive(Clone)]
pub(super) struct Store {
    inner: MemoryDatabase<Snapshot>,
    control: Option<Control>,
}

impl Store {
    pub(super) fn new(inner: MemoryDatabase<Snapshot>, control: Option<Control>) -> Self {
        Self { inner, control }
    }

    fn lacks(&self, control: Control) -> bool {
        self.control == Some(control)
    }

    fn lease(&self, ttl: Duration) -> Duration {
        if self.lacks(Control::EndlessLease) {
            Duration::from_hours(1_000)
        } else {
            ttl
        }
    }

    async fn changed(&self, change: &JobChange) -> Result<Option<JobChange>, StoreError> {
        let (JobChange::Schedule(NewJob { id, .. }) | JobChange::Cancel(id)) = change;
        let known = self.inner.job(id).await?;
        Ok(match change {
            JobChange::Cancel(_)
                if known.is_none() && self.lacks(Control::EarlyCancelsAreForgotten) =>
            {
                None
            }
            JobChange::Schedule(job)
                if self.lacks(Control::EndedIdsAreForgotten)
                    && known.is_some_and(|job| job.state.has_ended()) =>
            {
                let id = JobId::from(format!("{}, again at {}", job.id, job.scheduled_at));
                Some(JobChange::Schedule(NewJob { id, ..job.clone() }))
            }
            JobChange::Schedule(job) if self.lacks(Control::TakenEarly) => {
                let due = job.due - SignedDuration::from_secs(3);
                Some(JobChange::Schedule(NewJob { due, ..job.clone() }))
            }
            other => Some(other.clone()),
        })
    }
}

impl Database for Store {
    type Tx = MemoryTx<Snapshot>;

    async fn begin(&self) -> Result<Self::Tx, StoreError> {
        self.inner.begin().await
    }

    async fn commit(&self, tx: Self::Tx) -> Result<(), StoreError> {
        self.inner.commit(tx).await
    }

    async fn abort(&self, tx: Self::Tx) {
        self.inner.abort(tx).await;
    }

    fn jitter(&self, bound: Duration) -> Duration {
        self.inner.jitter(bound)
    }
}

impl OutboxStore for Store {
    async fn append(&self, tx: &mut Self::Tx, record: &OutboxRecord) -> Result<(), StoreError> {
        self.inner.append(tx, record).await
    }

    async fn change_jobs(
        &self,
        tx: &mut Self::Tx,
        changes: &[JobChange],
    ) -> Result<(), StoreError> {
        let mut kept = Vec::new();
        for change in changes {
            kept.extend(self.changed(change).await?);
        }
        self.inner.change_jobs(tx, &kept).await
    }

    async fn pending(&self, limit: usize, but: &[Uuid]) -> Result<Vec<OutboxRecord>, StoreError> {
        self.inner.pending(limit, but).await
    }

    async fn remove(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        self.inner.remove(ids).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.inner.backlog().await
    }

    async fn lease(
        &self,
        shard: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        OutboxStore::lease(&self.inner, shard, holder, ttl).await
    }

    async fn release(&self, shard: &str, holder: Uuid) -> Result<(), StoreError> {
        self.inner.release(shard, holder).await
    }

    async fn changed_elsewhere(&self) -> Result<(), StoreError> {
        self.inner.changed_elsewhere().await
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }
}

impl JobStore for Store {
    async fn take(&self, lease: Uuid, limit: usize, ttl: Duration) -> Result<Taken, StoreError> {
        self.inner.take(lease, limit, self.lease(ttl)).await
    }

    async fn renew(&self, held: &[Held], ttl: Duration) -> Result<(), StoreError> {
        self.inner.renew(held, self.lease(ttl)).await
    }

    async fn give_back(&self, held: &[Held]) -> Result<(), StoreError> {
        self.inner.give_back(held).await
    }

    async fn finish(&self, held: &Held) -> Result<bool, StoreError> {
        self.inner.finish(held).await
    }

    async fn finish_in(&self, tx: &mut Self::Tx, held: &Held) -> Result<(), StoreError> {
        if self.lacks(Control::FinishedBefore) {
            return self.inner.finish(held).await.map(drop);
        }
        match self.inner.finish_in(tx, held).await {
            Err(fault) if fault.kind() == ErrorKind::Fenced && self.lacks(Control::NoFence) => {
                Ok(())
            }
            finished => finished,
        }
    }

    async fn fail(&self, held: &Held, pause: Duration, reason: &str) -> Result<bool, StoreError> {
        self.inner.fail(held, pause, reason).await
    }

    async fn set_aside(&self, held: &Held, reason: &str) -> Result<bool, StoreError> {
        self.inner.set_aside(held, reason).await
    }

    async fn job_counts(&self) -> Result<JobCounts, StoreError> {
        self.inner.job_counts().await
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobView>, StoreError> {
        self.inner.jobs(filter).await
    }

    async fn job(&self, id: &JobId) -> Result<Option<JobView>, StoreError> {
        self.inner.job(id).await
    }

    async fn retry_job(&self, tx: &mut Self::Tx, id: &JobId) -> Result<bool, StoreError> {
        self.inner.retry_job(tx, id).await
    }

    async fn discard_job(&self, tx: &mut Self::Tx, id: &JobId) -> Result<bool, StoreError> {
        self.inner.discard_job(tx, id).await
    }

    async fn write_job_action(
        &self,
        tx: &mut Self::Tx,
        action: &JobAction,
    ) -> Result<(), StoreError> {
        self.inner.write_job_action(tx, action).await
    }

    async fn job_actions(&self, limit: usize) -> Result<Vec<JobAction>, StoreError> {
        self.inner.job_actions(limit).await
    }

    fn job_waker(&self) -> Waker {
        self.inner.job_waker()
    }
}
