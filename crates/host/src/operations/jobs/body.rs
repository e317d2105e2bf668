//! What answers are made of.

use outbox::jobs::{JobAction, JobCounts, JobView};
use serde::Serialize;
use utoipa::ToSchema;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct JobBody {
    /// Its id.
    #[schema(example = "send-email:0198c6b1-2f6e-7c3a-9a53-0d9f3a2b7c11:3")]
    id: String,
    /// Its name.
    #[schema(example = "send-email")]
    name: String,
    /// `waiting`, `running`, `dead`, `done`, `cancelled` or `discarded`.
    #[schema(example = "dead")]
    state: &'static str,
    /// Waiting: when it is tried next. Running: until when it is leased. Otherwise: since when.
    #[schema(value_type = String, format = DateTime)]
    at: String,
    /// When it was due first.
    #[schema(value_type = Option<String>, format = DateTime)]
    due: Option<String>,
    /// When it was scheduled.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<String>,
    /// How often it was tried.
    attempts: u32,
    /// Why the last attempt failed.
    reason: Option<String>,
}

impl From<&JobView> for JobBody {
    fn from(job: &JobView) -> Self {
        Self {
            id: job.id.to_string(),
            name: job.name.clone(),
            state: job.state.name(),
            at: job.at.to_string(),
            due: job.due.map(|due| due.to_string()),
            scheduled_at: job.scheduled_at.map(|at| at.to_string()),
            attempts: job.attempts,
            reason: job.reason.clone(),
        }
    }
}

/// A job with all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobDetail)]
pub(super) struct DetailBody {
    #[serde(flatten)]
    job: JobBody,
    /// The job itself as JSON text; it is dropped when the job ends.
    payload: Option<String>,
    /// The request that began it all.
    correlation_id: Option<String>,
    /// The message or job that it is a direct consequence of.
    causation_id: Option<String>,
}

impl From<&JobView> for DetailBody {
    fn from(job: &JobView) -> Self {
        let payload = job.payload.as_deref().map(String::from_utf8_lossy);
        Self {
            job: job.into(),
            payload: payload.map(std::borrow::Cow::into_owned),
            correlation_id: job.context.correlation_id.clone(),
            causation_id: job.context.causation_id.clone(),
        }
    }
}

/// How many jobs there are; each counted up to 10,000.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobCounts)]
pub(super) struct CountsBody {
    /// Those that wait, due or not.
    waiting: u64,
    /// Those of them that are due.
    due: u64,
    /// For how many seconds the first of these has been due.
    oldest_due_seconds: u64,
    /// Those that are being done.
    running: u64,
    /// Those set aside.
    dead: u64,
}

impl From<JobCounts> for CountsBody {
    fn from(counts: JobCounts) -> Self {
        Self {
            waiting: counts.waiting,
            due: counts.due,
            oldest_due_seconds: counts.oldest_due.as_secs(),
            running: counts.running,
            dead: counts.dead,
        }
    }
}

/// Something that was done to a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobAction)]
pub(super) struct ActionBody {
    /// Its id.
    id: String,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    at: String,
    /// Who did it.
    #[schema(example = "admin@admin.com")]
    who: String,
    /// `retry` or `discard`.
    #[schema(example = "retry")]
    action: &'static str,
    /// The job's id.
    job: String,
    /// The job's name.
    name: String,
    /// Why, as whoever did it says.
    why: String,
}

impl From<&JobAction> for ActionBody {
    fn from(done: &JobAction) -> Self {
        Self {
            id: done.id.to_string(),
            at: done.at.to_string(),
            who: done.who.clone(),
            action: done.action.name(),
            job: done.job.to_string(),
            name: done.name.clone(),
            why: done.why.clone(),
        }
    }
}
