//! Jobs.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::database::{MemoryDatabase, MemoryTx};
use super::faults::Step;
use super::job_row::{Row, held_row};
use super::tables::Tables;
use crate::error::{ErrorKind, StoreError};
use crate::jobs::{
    Held, JobAction, JobCounts, JobFilter, JobId, JobPosition, JobState, JobStore, JobView, Taken,
};
use crate::waker::Waker;

impl<S: Tables> MemoryDatabase<S> {
    /// The jobs, also those that have ended.
    pub fn all_jobs(&self) -> Vec<JobView> {
        let shared = self.lock();
        let rows = shared.versioned.jobs.values();
        rows.map(|row| row.view.clone()).collect()
    }

    fn later(&self, time: Duration) -> Result<Timestamp, StoreError> {
        let time = SignedDuration::try_from(time).map_err(StoreError::permanent)?;
        self.clock
            .now()
            .checked_add(time)
            .map_err(StoreError::permanent)
    }

    /// Changes the rows that `held` are rights to; says how many there were.
    async fn change_held(
        &self,
        held: &[Held],
        change: impl Fn(&mut Row) + Send,
    ) -> Result<usize, StoreError> {
        self.meet(Step::Job).await?;
        let changed = {
            let mut shared = self.lock();
            let mut changed = 0;
            for held in held {
                if let Some(row) = held_row(&mut shared.change().jobs, held) {
                    change(row);
                    changed += 1;
                }
            }
            changed
        };
        self.meet(Step::JobWritten).await?;
        Ok(changed)
    }
}

impl<S: Tables> JobStore for MemoryDatabase<S> {
    async fn take(&self, lease: Uuid, limit: usize, ttl: Duration) -> Result<Taken, StoreError> {
        self.meet(Step::Take).await?;
        let (now, until) = (self.clock.now(), self.later(ttl)?);
        let taken = {
            let mut shared = self.lock();
            let rows = shared.versioned.jobs.values();
            let mut first: Vec<JobPosition> = rows
                .filter(|row| row.is_takeable())
                .map(Row::position)
                .collect();
            first.sort();
            first.truncate(limit + 1);
            let due = first.partition_point(|place| place.at <= now).min(limit);
            let next = first.get(due);
            let next = next
                .map(|place| Duration::try_from(place.at.duration_since(now)).unwrap_or_default());
            let mut jobs = Vec::with_capacity(due);
            for place in &first[..due] {
                if let Some(row) = shared.change().jobs.get_mut(&place.id) {
                    row.open(JobState::Running, until);
                    row.lease = Some(lease);
                    row.view.attempts += 1;
                    jobs.push(row.taken(lease));
                }
            }
            Taken { jobs, next }
        };
        if !taken.jobs.is_empty() {
            self.meet(Step::Taken).await?;
        }
        Ok(taken)
    }

    async fn renew(&self, held: &[Held], ttl: Duration) -> Result<(), StoreError> {
        let until = self.later(ttl)?;
        let renewed = self.change_held(held, |row| row.view.at = until).await;
        renewed.map(drop)
    }

    async fn give_back(&self, held: &[Held]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let back = self.change_held(held, |row| {
            row.open(JobState::Waiting, now);
            row.view.attempts -= 1;
        });
        back.await.map(drop)
    }

    async fn finish(&self, held: &Held) -> Result<bool, StoreError> {
        let (one, now) = (std::slice::from_ref(held), self.clock.now());
        let done = self.change_held(one, |row| row.end(JobState::Done, now));
        Ok(done.await? > 0)
    }

    async fn finish_in(&self, tx: &mut MemoryTx<S>, held: &Held) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        let Some(row) = held_row(&mut tx.jobs, held) else {
            let what = format!("the right to the job {} is gone", held.id);
            return Err(StoreError::new(ErrorKind::Fenced, what));
        };
        row.end(JobState::Done, self.clock.now());
        Ok(())
    }

    async fn fail(&self, held: &Held, pause: Duration, reason: &str) -> Result<bool, StoreError> {
        let (one, at) = (std::slice::from_ref(held), self.later(pause)?);
        let failed = self.change_held(one, |row| {
            row.open(JobState::Waiting, at);
            row.view.reason = Some(reason.to_owned());
        });
        Ok(failed.await? > 0)
    }

    async fn set_aside(&self, held: &Held, reason: &str) -> Result<bool, StoreError> {
        let (one, now) = (std::slice::from_ref(held), self.clock.now());
        let aside = self.change_held(one, |row| {
            row.open(JobState::Dead, now);
            row.view.reason = Some(reason.to_owned());
        });
        Ok(aside.await? > 0)
    }

    async fn job_counts(&self) -> Result<JobCounts, StoreError> {
        let (jobs, now) = (self.all_jobs(), self.clock.now());
        let count = |wanted: &dyn Fn(&JobView) -> bool| {
            let count = jobs.iter().filter(|job| wanted(job)).count();
            JobCounts::MOST.min(count as u64)
        };
        let is_due = |job: &JobView| job.state == JobState::Waiting && job.at <= now;
        let due = jobs.iter().filter(|job| is_due(job));
        let oldest = due.map(|job| now.duration_since(job.at)).max();
        Ok(JobCounts {
            waiting: count(&|job| job.state == JobState::Waiting),
            due: count(&is_due),
            oldest_due: Duration::try_from(oldest.unwrap_or_default()).unwrap_or_default(),
            running: count(&|job| job.state == JobState::Running),
            dead: count(&|job| job.state == JobState::Dead),
        })
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobView>, StoreError> {
        let mut jobs = self.all_jobs();
        let position = |job: &JobView| JobPosition {
            at: job.at,
            id: job.id.clone(),
        };
        jobs.retain(|job| {
            let (name, after) = (filter.name.as_ref(), filter.after.as_ref());
            job.state == filter.state
                && !job.state.has_ended()
                && name.is_none_or(|name| *name == job.name)
                && after.is_none_or(|after| position(job) > *after)
        });
        jobs.sort_by_key(position);
        jobs.truncate(filter.limit.max(1));
        Ok(jobs)
    }

    async fn job(&self, id: &JobId) -> Result<Option<JobView>, StoreError> {
        let shared = self.lock();
        Ok(shared.versioned.jobs.get(id).map(|row| row.view.clone()))
    }

    async fn retry_job(&self, tx: &mut MemoryTx<S>, id: &JobId) -> Result<bool, StoreError> {
        self.meet(Step::Write).await?;
        let row = tx.jobs.get_mut(id).filter(|row| match row.view.state {
            JobState::Dead => true,
            JobState::Waiting => row.view.attempts > 0,
            _ => false,
        });
        let Some(row) = row else { return Ok(false) };
        row.open(JobState::Waiting, self.clock.now());
        row.view.attempts = 0;
        tx.scheduled.note_retry();
        Ok(true)
    }

    async fn discard_job(&self, tx: &mut MemoryTx<S>, id: &JobId) -> Result<bool, StoreError> {
        self.meet(Step::Write).await?;
        let row = tx.jobs.get_mut(id);
        let Some(row) = row.filter(|row| !row.view.state.has_ended()) else {
            return Ok(false);
        };
        row.end(JobState::Discarded, self.clock.now());
        Ok(true)
    }

    async fn write_job_action(
        &self,
        tx: &mut MemoryTx<S>,
        action: &JobAction,
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        tx.job_actions.push(action.clone());
        Ok(())
    }

    async fn job_actions(&self, limit: usize) -> Result<Vec<JobAction>, StoreError> {
        let shared = self.lock();
        let newest = shared.versioned.job_actions.iter().rev();
        Ok(newest.take(limit.max(1)).cloned().collect())
    }

    fn job_waker(&self) -> Waker {
        self.job_waker.clone()
    }
}
