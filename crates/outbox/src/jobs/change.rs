//! What a transaction changes of the jobs that wait.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::id::JobId;
use crate::message::MessageContext;
use crate::waker::Waker;

/// What is to be done, as it is kept until then.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The job's name; whoever runs it is registered under it.
    const NAME: &'static str;
}

/// The largest job that is taken, with its id and context, in bytes.
pub const MAX_JOB_BYTES: usize = 1_000_000;

/// A job due later than this is found by the runner's next look in any case.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// A job to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its identity.
    pub id: JobId,
    /// Its name.
    pub name: &'static str,
    /// When it is due, by the database's clock.
    pub due: Timestamp,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// What it is a consequence of.
    pub context: MessageContext,
    /// The job as JSON.
    pub payload: Vec<u8>,
}

impl NewJob {
    pub(crate) fn new<J: Job>(
        id: JobId,
        job: &J,
        due: Timestamp,
        scheduled_at: Timestamp,
        context: MessageContext,
    ) -> Result<Self, InvalidJob> {
        let payload = serde_json::to_vec(job).map_err(|e| InvalidJob::Malformed(e.to_string()))?;
        let texts = [
            &context.correlation_id,
            &context.causation_id,
            &context.traceparent,
        ];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let size = payload.len() + id.as_str().len() + texts;
        if size > MAX_JOB_BYTES {
            return Err(InvalidJob::TooLarge { size });
        }
        Ok(Self {
            id,
            name: J::NAME,
            due,
            scheduled_at,
            context,
            payload,
        })
    }

    fn is_soon(&self) -> bool {
        let soon = SignedDuration::try_from(SOON).unwrap_or_default();
        self.due.duration_since(self.scheduled_at) < soon
    }
}

/// Why a job can't be kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidJob {
    /// It is larger than [`MAX_JOB_BYTES`].
    #[error("the job has {size} bytes with its id and context; at most {MAX_JOB_BYTES} are kept")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// It can't be written as JSON.
    #[error("the job can't be written: {0}")]
    Malformed(String),
}

/// A change to the jobs of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobChange {
    /// Keeps a job, unless its id was ever used.
    Schedule(NewJob),
    /// Ends a job that has not ended. An id that is not there yet is taken, so that it can't be
    /// scheduled afterwards.
    Cancel(JobId),
}

/// What a transaction has scheduled, for the moment after its commit.
#[derive(Default)]
pub(crate) struct Scheduled {
    counts: BTreeMap<&'static str, u64>,
    wakes: bool,
}

impl Scheduled {
    pub(crate) fn note(&mut self, changes: &[JobChange]) {
        for change in changes {
            if let JobChange::Schedule(job) = change {
                *self.counts.entry(job.name).or_default() += 1;
                self.wakes |= job.is_soon();
            }
        }
    }

    /// A job is due from now on that was not.
    pub(crate) fn note_retry(&mut self) {
        self.wakes = true;
    }

    /// Counts, and wakes the runner when it has something to do now.
    pub(crate) fn committed(&self, waker: &Waker) {
        for (name, count) in &self.counts {
            metrics::counter!("jobs_scheduled_total", "job" => *name).increment(*count);
        }
        if self.wakes {
            waker.wake();
        }
    }
}
