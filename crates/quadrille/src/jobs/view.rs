//! How jobs look on a terminal and as JSON.

use std::fmt::Write as _;

use outbox::jobs::{JobAction, JobState, JobView};
use serde_json::{Value, json};

/// A job in a few lines.
pub(super) fn job_text(service: &str, job: &JobView) -> String {
    let JobView { id, name, at, .. } = job;
    let when = match job.state {
        JobState::Waiting => "waits until",
        JobState::Running => "runs, leased until",
        state => &format!("{} since", state.name()),
    };
    let mut text = format!("{id}\n  {name} of {service}, {when} {at}");
    if job.attempts > 0 {
        let _ = write!(text, " after {} attempt(s)", job.attempts);
    }
    text.push('\n');
    if let Some(reason) = &job.reason {
        let _ = writeln!(text, "  {reason}");
    }
    text
}

/// A job whole.
pub(super) fn detail_text(service: &str, job: &JobView) -> String {
    let mut text = job_text(service, job);
    if let (Some(due), Some(scheduled)) = (job.due, job.scheduled_at) {
        let _ = writeln!(text, "  due at {due}, scheduled at {scheduled}");
    }
    if let Some(cause) = &job.context.causation_id {
        let _ = writeln!(text, "  caused by {cause}");
    }
    match payload(job) {
        Value::Null => text.push_str("\nits payload is dropped\n"),
        payload => {
            let _ = writeln!(text, "\n{payload:#}");
        }
    }
    text
}

fn payload(job: &JobView) -> Value {
    let payload = job.payload.as_deref();
    payload.map_or(Value::Null, |payload| {
        serde_json::from_slice(payload).unwrap_or_else(|_| json!(String::from_utf8_lossy(payload)))
    })
}

/// A job as JSON.
pub(super) fn job_json(service: &str, job: &JobView) -> Value {
    json!({
        "id": job.id.as_str(),
        "service": service,
        "name": job.name,
        "state": job.state.name(),
        "at": job.at,
        "due": job.due,
        "scheduled_at": job.scheduled_at,
        "attempts": job.attempts,
        "reason": job.reason,
        "correlation_id": job.context.correlation_id,
        "causation_id": job.context.causation_id,
        "payload": payload(job),
    })
}

/// What was done with a job, in a line.
pub(super) fn action_text(service: &str, action: &JobAction) -> String {
    let why = match action.why.as_str() {
        "" => String::new(),
        why => format!(" ({why})"),
    };
    format!(
        "{} {} {} {} of {service}{why}",
        action.at, action.who, action.action, action.job
    )
}

/// What was done with a job, as JSON.
pub(super) fn action_json(service: &str, action: &JobAction) -> Value {
    json!({
        "id": action.id,
        "at": action.at,
        "who": action.who,
        "action": action.action.name(),
        "service": service,
        "job": action.job.as_str(),
        "name": action.name,
        "reason": action.why,
    })
}
