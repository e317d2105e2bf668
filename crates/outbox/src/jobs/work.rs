//! Doing jobs: what is given to whoever does one, and how it can fail.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use super::change::Job;
use super::id::JobId;
use crate::error::StoreError;
use crate::message::MessageContext;
use crate::outbox::EventCollector;
use crate::transaction::Database;

/// Does jobs that reach outside of the database.
pub trait RunJob<J: Job>: Send + Sync + 'static {
    /// Does it. It may have been done before, in part or whole: an attempt that ended without a
    /// word is followed by another one.
    fn run(
        &self,
        job: &J,
        context: &JobContext,
    ) -> impl Future<Output = Result<(), JobError>> + Send;
}

/// Does jobs that change the service's own state, in the transaction that finishes them.
pub trait ApplyJob<J: Job, D: Database>: Send + Sync + 'static {
    /// Applies it, and puts into `out` what follows from it. Like any work in a transaction it
    /// may be begun several times; it happens once.
    fn apply(
        &self,
        tx: &mut D::Tx,
        job: &J,
        context: &JobContext,
        out: &mut EventCollector<'_>,
    ) -> impl Future<Output = Result<(), JobError>> + Send;
}

/// What an attempt knows of its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobContext {
    /// The job's id: the same for each attempt.
    pub id: JobId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When the job was due first.
    pub due: Timestamp,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// What the job is a consequence of.
    pub message: MessageContext,
}

impl JobContext {
    /// The context of a message or job that is a consequence of this one.
    pub fn consequence(&self) -> MessageContext {
        MessageContext {
            causation_id: Some(self.id.to_string()),
            ..self.message.clone()
        }
    }
}

/// Why an attempt failed.
#[derive(Debug, Error)]
pub enum JobError {
    /// It passes: tried again after the next pause, which grows.
    #[error("{0}")]
    Retry(String),
    /// It passes: tried again after this time.
    #[error("{1}")]
    RetryAfter(Duration, String),
    /// It never will: the job is set aside.
    #[error("{0}")]
    GiveUp(String),
    /// The service's own store could not do it now.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for JobError {
    fn from(fault: StoreError) -> Self {
        if fault.is_refusal() {
            Self::GiveUp(fault.to_string())
        } else {
            Self::Store(fault)
        }
    }
}
