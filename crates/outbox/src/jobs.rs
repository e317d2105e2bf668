//! Work to be done later, or outside of the service's own database.
//!
//! Whoever sends a mail, charges a card or waits for a time to pass schedules a [`Job`] in the
//! transaction that decides it ([`EventCollector::schedule`](crate::EventCollector::schedule)). A
//! [`JobRunner`] runs it at least once when it is due, by the database's clock: it is leased to
//! one attempt at a time, tried again with growing pauses, and set aside as a *dead job* when it
//! has no hope.
//!
//! A job that only changes the service's own state runs in a transaction ([`ApplyJob`]), which
//! also finishes it: its effect happens exactly once. One that reaches outside ([`RunJob`]) may
//! run again after a crash; its [`JobId`] is the key by which the other side can tell.

mod admin;
mod attempt;
mod backoff;
pub(crate) mod change;
pub(crate) mod id;
mod metrics;
mod registry;
mod route;
mod runner;
mod settings;
pub(crate) mod store;
mod work;

pub use self::admin::{JobAdmin, JobAdminError};
pub use self::change::{InvalidJob, Job, JobChange, MAX_JOB_BYTES, NewJob};
pub use self::id::JobId;
pub use self::registry::{DuplicateJob, Jobs};
pub use self::runner::JobRunner;
pub use self::settings::JobSettings;
pub use self::store::{
    Held, JobAction, JobCounts, JobFilter, JobPosition, JobState, JobStore, JobView, Taken,
    TakenJob,
};
pub use self::work::{ApplyJob, JobContext, JobError, RunJob};
