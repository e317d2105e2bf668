//! Who does which job.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use futures::future::BoxFuture;
use thiserror::Error;

use super::attempt::{Apply, Attempt, Ended};
use super::{ApplyJob, Held, Job, JobContext, JobError, JobStore, RunJob};
use crate::transaction::transact;

/// The jobs of a service, and who does them.
pub struct Jobs<D: JobStore> {
    service: String,
    routes: BTreeMap<&'static str, Box<dyn Route<D>>>,
    duplicate: Option<&'static str>,
}

/// Two were registered for one job.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the service {service} registers the job {name} twice; a name has one who does it")]
pub struct DuplicateJob {
    /// The service.
    pub service: String,
    /// The job's name.
    pub name: &'static str,
}

impl<D: JobStore> Jobs<D> {
    /// None yet, for the service `service`, which is the source of the events that follow.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            routes: BTreeMap::new(),
            duplicate: None,
        }
    }

    /// Has `runner` do the jobs `J`, which reach outside.
    #[must_use]
    pub fn on<J: Job, R: RunJob<J>>(self, runner: R) -> Self {
        let job = PhantomData::<fn() -> J>;
        self.with(J::NAME, Box::new(Outside { runner, job }))
    }

    /// Has `runner` do the jobs `J` in the transaction that finishes them.
    #[must_use]
    pub fn in_transaction<J: Job, R: ApplyJob<J, D>>(self, runner: R) -> Self {
        let job = PhantomData::<fn() -> J>;
        self.with(J::NAME, Box::new(Inside { runner, job }))
    }

    fn with(mut self, name: &'static str, route: Box<dyn Route<D>>) -> Self {
        if self.routes.insert(name, route).is_some() {
            self.duplicate = Some(name);
        }
        self
    }

    /// The service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The names that are registered.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.routes.keys().copied()
    }

    /// Whether each name is registered once.
    pub(crate) fn checked(self) -> Result<Self, DuplicateJob> {
        match self.duplicate {
            None => Ok(self),
            Some(name) => Err(DuplicateJob {
                service: self.service,
                name,
            }),
        }
    }

    pub(super) fn route(&self, name: &str) -> Option<&dyn Route<D>> {
        self.routes.get(name).map(AsRef::as_ref)
    }
}

/// Whoever does a job, without the job's type.
pub(super) trait Route<D: JobStore>: Send + Sync {
    fn attempt<'a>(
        &'a self,
        attempt: &'a Attempt<D>,
        held: &'a Held,
        payload: &'a [u8],
        context: &'a JobContext,
    ) -> BoxFuture<'a, Result<Ended, JobError>>;
}

struct Outside<J, R> {
    runner: R,
    job: PhantomData<fn() -> J>,
}

impl<D: JobStore, J: Job, R: RunJob<J>> Route<D> for Outside<J, R> {
    fn attempt<'a>(
        &'a self,
        _attempt: &'a Attempt<D>,
        _held: &'a Held,
        payload: &'a [u8],
        context: &'a JobContext,
    ) -> BoxFuture<'a, Result<Ended, JobError>> {
        Box::pin(async move {
            self.runner.run(&read(payload)?, context).await?;
            Ok(Ended::Done)
        })
    }
}

struct Inside<J, R> {
    runner: R,
    job: PhantomData<fn() -> J>,
}

impl<D: JobStore, J: Job, R: ApplyJob<J, D>> Route<D> for Inside<J, R> {
    fn attempt<'a>(
        &'a self,
        attempt: &'a Attempt<D>,
        held: &'a Held,
        payload: &'a [u8],
        context: &'a JobContext,
    ) -> BoxFuture<'a, Result<Ended, JobError>> {
        Box::pin(async move {
            let job: J = read(payload)?;
            let mut apply = Apply::new(attempt, &self.runner, &job, held, context);
            let applied = transact(&attempt.database, &mut apply).await;
            apply.ended(applied)
        })
    }
}

/// A build that can't read a job is followed by one that can: it is tried again.
fn read<J: Job>(payload: &[u8]) -> Result<J, JobError> {
    serde_json::from_slice(payload)
        .map_err(|fault| JobError::Retry(format!("the job can't be read: {fault}")))
}
