//! The table of jobs.
//!
//! A row that is open (waiting, running or dead) has `at`, and only such rows are in the index:
//! those that have ended cost nothing. `at` says when a job is to be looked at: when it is due,
//! when its lease runs out, or, for one set aside, since when it has been.

mod admin;
mod row;

use std::time::Duration;

use bson::{DateTime, Document, doc};
use futures::TryStreamExt;
use uuid::Uuid;

use self::row::millis;
pub(super) use self::row::{JOBS, statements};
use super::database::{MongoDatabase, MongoTx};
use super::timeout::WithTimeout;
use crate::error::{ErrorKind, StoreError};
use crate::jobs::{
    Held, JobAction, JobCounts, JobFilter, JobId, JobState, JobStore, JobView, Taken, TakenJob,
};
use crate::waker::Waker;

impl MongoDatabase {
    pub(super) fn job_rows(&self) -> mongodb::Collection<Document> {
        self.database().collection(JOBS)
    }

    /// Changes the job that `held` is a right to; `false` when that right is gone.
    async fn change_held(&self, held: &Held, change: Vec<Document>) -> Result<bool, StoreError> {
        let rows = self.job_rows();
        let changed = rows.update_one(of(held), change).with_timeout().await?;
        Ok(changed.matched_count > 0)
    }

    /// Changes those of `held` whose right is still there.
    async fn change_all(&self, held: &[Held], change: Vec<Document>) -> Result<(), StoreError> {
        let each: Vec<Document> = held.iter().map(of).collect();
        let rows = self.job_rows();
        rows.update_many(doc! { "$or": each }, change)
            .with_timeout()
            .await
            .map(drop)
    }

    /// What is in the index from its beginning: ids, times, and how long each has still to wait.
    async fn first_jobs(&self, limit: usize) -> Result<Vec<(String, DateTime, i64)>, StoreError> {
        let found: Vec<Document> = self
            .job_rows()
            .find(row::takeable())
            .sort(doc! { "at": 1 })
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .projection(doc! { "at": 1, "wait": { "$subtract": ["$at", "$$NOW"] } })
            .with_timeout()
            .await?
            .try_collect()
            .with_timeout()
            .await?;
        let read = |job: &Document| -> Result<_, bson::error::Error> {
            Ok((
                job.get_str("_id")?.to_owned(),
                *job.get_datetime("at")?,
                job.get_i64("wait")?,
            ))
        };
        found
            .iter()
            .map(|job| read(job).map_err(StoreError::permanent))
            .collect()
    }

    /// Puts `lease` on those of `due` that nobody has taken meanwhile.
    async fn lease_jobs(
        &self,
        due: &[(String, DateTime, i64)],
        lease: bson::Uuid,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let change = doc! { "$set": {
            "state": JobState::Running.name(),
            "at": { "$add": ["$$NOW", millis(ttl)] },
            "lease": lease,
            "attempts": { "$add": ["$attempts", 1] },
        } };
        let each: Vec<Document> = due
            .iter()
            .map(|(id, at, _)| {
                let mut seen = row::takeable();
                seen.insert("_id", id);
                seen.insert("at", at);
                doc! { "q": seen, "u": [change.clone()] }
            })
            .collect();
        let command = doc! {
            "update": JOBS, "updates": each, "ordered": false,
            "writeConcern": { "w": "majority", "j": true },
        };
        self.database()
            .run_command(command)
            .with_timeout()
            .await
            .map(drop)
    }
}

fn of(held: &Held) -> Document {
    doc! { "_id": held.id.as_str(), "lease": bson::Uuid::from(held.lease) }
}

impl JobStore for MongoDatabase {
    async fn take(&self, lease: Uuid, limit: usize, ttl: Duration) -> Result<Taken, StoreError> {
        let mut due = self.first_jobs(limit).await?;
        let next = due.iter().find(|(_, _, wait)| *wait > 0);
        let next = next.map(|(_, _, wait)| Duration::from_millis(wait.unsigned_abs()));
        let next = next.or_else(|| (due.len() == limit).then_some(Duration::ZERO));
        due.retain(|(_, _, wait)| *wait <= 0);
        let mut jobs = Vec::new();
        if !due.is_empty() {
            let number = bson::Uuid::from(lease);
            let leased = self.lease_jobs(&due, number, ttl).await;
            let ids: Vec<&str> = due.iter().map(|(id, _, _)| id.as_str()).collect();
            // Also when it failed: it may have been done, and nobody else can know.
            let ours = doc! { "_id": { "$in": ids }, "lease": number };
            let mut ours = self.job_rows().find(ours).with_timeout().await?;
            while let Some(row) = ours.try_next().with_timeout().await? {
                jobs.push(row::to_taken(&row, lease)?);
            }
            if jobs.is_empty() {
                leased?;
            }
            jobs.sort_by_key(|job: &TakenJob| job.due);
        }
        Ok(Taken { jobs, next })
    }

    async fn renew(&self, held: &[Held], ttl: Duration) -> Result<(), StoreError> {
        let longer = doc! { "$set": { "at": { "$add": ["$$NOW", millis(ttl)] } } };
        self.change_all(held, vec![longer]).await
    }

    async fn give_back(&self, held: &[Held]) -> Result<(), StoreError> {
        let mut change = row::waiting(0);
        change.push(doc! { "$set": { "attempts": { "$subtract": ["$attempts", 1] } } });
        self.change_all(held, change).await
    }

    async fn finish(&self, held: &Held) -> Result<bool, StoreError> {
        self.change_held(held, row::ended(JobState::Done)).await
    }

    async fn finish_in(&self, tx: &mut MongoTx, held: &Held) -> Result<(), StoreError> {
        let statement = doc! { "q": of(held), "u": row::ended(JobState::Done) };
        if tx.update(JOBS, vec![statement]).await? == 1 {
            return Ok(());
        }
        let what = format!("the right to the job {} is gone", held.id);
        Err(StoreError::new(ErrorKind::Fenced, what))
    }

    async fn fail(&self, held: &Held, pause: Duration, reason: &str) -> Result<bool, StoreError> {
        let mut change = row::waiting(millis(pause));
        change.push(row::because(reason));
        self.change_held(held, change).await
    }

    async fn set_aside(&self, held: &Held, reason: &str) -> Result<bool, StoreError> {
        let mut change = row::open(JobState::Dead, 0);
        change.push(row::because(reason));
        self.change_held(held, change).await
    }

    async fn job_counts(&self) -> Result<JobCounts, StoreError> {
        self.count_jobs().await
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobView>, StoreError> {
        self.list_jobs(filter).await
    }

    async fn job(&self, id: &JobId) -> Result<Option<JobView>, StoreError> {
        let rows = self.job_rows();
        let one = rows.find_one(doc! { "_id": id.as_str() });
        let found = one.with_timeout().await?;
        found.as_ref().map(row::to_view).transpose()
    }

    async fn retry_job(&self, tx: &mut MongoTx, id: &JobId) -> Result<bool, StoreError> {
        let waits = doc! { "state": JobState::Waiting.name(), "attempts": { "$gt": 0 } };
        let failed = [doc! { "state": JobState::Dead.name() }, waits];
        let mut change = row::waiting(0);
        change.push(doc! { "$set": { "attempts": 0 } });
        let statement = doc! { "q": { "_id": id.as_str(), "$or": failed }, "u": change };
        tx.scheduled.note_retry();
        Ok(tx.update(JOBS, vec![statement]).await? == 1)
    }

    async fn discard_job(&self, tx: &mut MongoTx, id: &JobId) -> Result<bool, StoreError> {
        let statement = row::end(id, JobState::Discarded);
        Ok(tx.update(JOBS, vec![statement]).await? == 1)
    }

    async fn write_job_action(
        &self,
        tx: &mut MongoTx,
        action: &JobAction,
    ) -> Result<(), StoreError> {
        self.insert_job_action(tx, action).await
    }

    async fn job_actions(&self, limit: usize) -> Result<Vec<JobAction>, StoreError> {
        self.list_job_actions(limit).await
    }

    fn job_waker(&self) -> Waker {
        self.own_job_waker().clone()
    }
}
