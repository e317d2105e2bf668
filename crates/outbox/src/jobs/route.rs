//! From a job as it is kept to whoever does it.

use std::marker::PhantomData;

use futures::future::BoxFuture;

use super::change::Job;
use super::store::{Held, JobStore};
use super::work::{ApplyJob, JobContext, JobError, RunJob};
use crate::clock::Clock;
use crate::error::{ErrorKind, StoreError};
use crate::outbox::{EventCollector, OnCommit};
use crate::transaction::{Work, transact};

/// How an attempt ended that did not fail.
pub(super) enum Ended {
    /// Done, which is still to be written down.
    Done,
    /// Done and written down.
    Applied,
    /// Another attempt has the job, or it was cancelled.
    Overtaken,
}

/// What an attempt has to go by.
pub(super) struct Given<'a, D> {
    pub(super) database: &'a D,
    pub(super) service: &'a str,
    pub(super) clock: &'a dyn Clock,
    pub(super) held: &'a Held,
    pub(super) payload: &'a [u8],
    pub(super) context: &'a JobContext,
}

/// Whoever does a job, without the job's type.
pub(super) trait Route<D: JobStore>: Send + Sync {
    fn attempt<'a>(&'a self, given: Given<'a, D>) -> BoxFuture<'a, Result<Ended, JobError>>;
}

/// Does a job that reaches outside.
pub(super) struct Outside<J, R> {
    runner: R,
    job: PhantomData<fn() -> J>,
}

impl<J, R> Outside<J, R> {
    pub(super) fn new(runner: R) -> Self {
        let job = PhantomData;
        Self { runner, job }
    }
}

impl<D: JobStore, J: Job, R: RunJob<J>> Route<D> for Outside<J, R> {
    fn attempt<'a>(&'a self, given: Given<'a, D>) -> BoxFuture<'a, Result<Ended, JobError>> {
        Box::pin(async move {
            let job: J = read(given.payload)?;
            self.runner.run(&job, given.context).await?;
            Ok(Ended::Done)
        })
    }
}

/// Does a job in the transaction that finishes it.
pub(super) struct Inside<J, R> {
    runner: R,
    job: PhantomData<fn() -> J>,
}

impl<J, R> Inside<J, R> {
    pub(super) fn new(runner: R) -> Self {
        let job = PhantomData;
        Self { runner, job }
    }
}

impl<D: JobStore, J: Job, R: ApplyJob<J, D>> Route<D> for Inside<J, R> {
    fn attempt<'a>(&'a self, given: Given<'a, D>) -> BoxFuture<'a, Result<Ended, JobError>> {
        Box::pin(async move {
            let job: J = read(given.payload)?;
            let mut apply = Apply {
                given: &given,
                runner: &self.runner,
                job: &job,
                failed: None,
            };
            let applied = transact(given.database, &mut apply).await;
            match (applied, apply.failed) {
                (Ok(on_commit), _) => {
                    for act in on_commit {
                        act();
                    }
                    Ok(Ended::Applied)
                }
                (Err(_), Some(error)) => Err(error),
                (Err(fault), None) if fault.kind() == ErrorKind::Fenced => Ok(Ended::Overtaken),
                (Err(fault), None) => Err(fault.into()),
            }
        })
    }
}

/// A build that can't read a job is followed by one that can: it is tried again.
fn read<J: Job>(payload: &[u8]) -> Result<J, JobError> {
    serde_json::from_slice(payload)
        .map_err(|fault| JobError::Retry(format!("the job can't be read: {fault}")))
}

struct Apply<'a, D, J, R> {
    given: &'a Given<'a, D>,
    runner: &'a R,
    job: &'a J,
    /// Why the job, not the store, had the transaction taken back.
    failed: Option<JobError>,
}

impl<D: JobStore, J: Job, R: ApplyJob<J, D>> Work<D> for Apply<'_, D, J, R> {
    type Output = Vec<OnCommit>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Vec<OnCommit>, StoreError> {
        let Given {
            database,
            service,
            clock,
            held,
            context,
            ..
        } = *self.given;
        self.failed = None;
        // First, so that of two attempts one gives way before it has done anything.
        database.finish_in(tx, held).await?;
        let mut out = EventCollector::new(service, clock);
        match self.runner.apply(tx, self.job, context, &mut out).await {
            Ok(()) => {}
            Err(JobError::Store(fault)) => return Err(fault),
            Err(error) => {
                let fault = StoreError::permanent(error.to_string());
                self.failed = Some(error);
                return Err(fault);
            }
        }
        let on_commit = out.take_on_commit();
        out.write(database, tx).await?;
        Ok(on_commit)
    }
}
