//! Who does which job.

use std::collections::BTreeMap;

use thiserror::Error;

use super::change::Job;
use super::route::{Inside, Outside, Route};
use super::store::JobStore;
use super::work::{ApplyJob, RunJob};

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
        self.with(J::NAME, Box::new(Outside::<J, R>::new(runner)))
    }

    /// Has `runner` do the jobs `J` in the transaction that finishes them.
    #[must_use]
    pub fn in_transaction<J: Job, R: ApplyJob<J, D>>(self, runner: R) -> Self {
        self.with(J::NAME, Box::new(Inside::<J, R>::new(runner)))
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
