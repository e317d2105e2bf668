//! What an operator does with jobs.

use std::sync::Arc;

use thiserror::Error;

use super::id::JobId;
use super::store::{JobAction, JobCounts, JobFilter, JobState, JobStore, JobView};
use crate::clock::Clock;
use crate::dead_letter::Action;
use crate::error::StoreError;
use crate::transaction::{Work, transact};

/// How many actions are looked through for our own.
const LATEST: usize = 100;

/// Why nothing was done.
#[derive(Debug, Error)]
pub enum JobAdminError {
    /// There is no such job.
    #[error("there is no job {0}; `jobs list` shows what there is")]
    Unknown(JobId),
    /// The job is not in a state in which this can be done.
    #[error("the job {id} is {}: {}", state.name(), match action {
        Action::Retry => "only one that has failed can be retried",
        Action::Discard => "nothing is left to be given up",
    })]
    WrongState {
        /// The job.
        id: JobId,
        /// What has become of it.
        state: JobState,
        /// What was asked for.
        action: Action,
    },
    /// No reason was given.
    #[error("give a reason: it is kept with the action")]
    NoReason,
    /// The database did not do it; try again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Shows a service's jobs, has dead ones tried again, and gives jobs up.
pub struct JobAdmin<D: JobStore> {
    database: D,
    clock: Arc<dyn Clock>,
}

impl<D: JobStore> JobAdmin<D> {
    /// The jobs in `database`.
    pub fn new(database: D, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Jobs as `filter` wants them: those longest in their state first, or due first.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn list(&self, filter: &JobFilter) -> Result<Vec<JobView>, StoreError> {
        self.database.jobs(filter).await
    }

    /// How many there are.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn counts(&self) -> Result<JobCounts, StoreError> {
        self.database.job_counts().await
    }

    /// The job `id`, also one that has ended.
    ///
    /// # Errors
    /// When there never was one, or the database is out of reach.
    pub async fn show(&self, id: &JobId) -> Result<JobView, JobAdminError> {
        let found = self.database.job(id).await?;
        found.ok_or_else(|| JobAdminError::Unknown(id.clone()))
    }

    /// Has a job that failed tried again now, with all its attempts before it. `why` may be empty.
    ///
    /// # Errors
    /// When there is no such job, or it has not failed.
    pub async fn retry(&self, id: &JobId, who: &str, why: &str) -> Result<(), JobAdminError> {
        self.act(Action::Retry, id, who, why).await
    }

    /// Gives a job up that has not ended. An attempt under way is not stopped; what it changes in
    /// a transaction of its own does not count.
    ///
    /// # Errors
    /// When there is no such job, it has ended, or no reason is given.
    pub async fn discard(&self, id: &JobId, who: &str, why: &str) -> Result<(), JobAdminError> {
        if why.trim().is_empty() {
            return Err(JobAdminError::NoReason);
        }
        self.act(Action::Discard, id, who, why).await
    }

    /// What operators did, newest first.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn actions(&self, limit: usize) -> Result<Vec<JobAction>, StoreError> {
        self.database.job_actions(limit).await
    }

    async fn act(
        &self,
        action: Action,
        id: &JobId,
        who: &str,
        why: &str,
    ) -> Result<(), JobAdminError> {
        let name = self.show(id).await?.name;
        let number = self.clock.uuid();
        let mut acting = Acting {
            database: &self.database,
            done: JobAction {
                id: number,
                at: self.clock.now(),
                who: who.to_owned(),
                action,
                job: id.clone(),
                name,
                why: why.to_owned(),
            },
        };
        if transact(&self.database, &mut acting).await? {
            return Ok(());
        }
        // A commit that nobody heard of has it run again, upon its own effect.
        let latest = self.actions(LATEST).await?;
        if latest.iter().any(|action| action.id == number) {
            return Ok(());
        }
        Err(JobAdminError::WrongState {
            id: id.clone(),
            state: self.show(id).await?.state,
            action,
        })
    }
}

struct Acting<'a, D> {
    database: &'a D,
    done: JobAction,
}

impl<D: JobStore> Work<D> for Acting<'_, D> {
    type Output = bool;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<bool, StoreError> {
        let Self { database, done } = self;
        let changed = match done.action {
            Action::Retry => database.retry_job(tx, &done.job).await?,
            Action::Discard => database.discard_job(tx, &done.job).await?,
        };
        if changed {
            database.write_job_action(tx, done).await?;
        }
        Ok(changed)
    }
}
