//! Rows of jobs, and what is done to one.

use std::time::Duration;

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, doc};
use jiff::Timestamp;
use uuid::Uuid;

use crate::error::StoreError;
use crate::jobs::{Held, JobChange, JobId, JobState, JobView, NewJob, TakenJob};
use crate::message::MessageContext;

pub(crate) const JOBS: &str = "jobs";
pub(super) const ACTIONS: &str = "job_actions";

/// What an ended job has no use for.
const DROPPED: [&str; 10] = [
    "at",
    "due",
    "scheduled_at",
    "payload",
    "lease",
    "reason",
    "attempts",
    "correlation",
    "causation",
    "trace",
];

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn to_bson(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

/// Rows that may be taken when their time has come. Those that have ended and those set aside
/// are not read: the index begins with the state.
pub(super) fn takeable() -> Document {
    let states = [JobState::Waiting.name(), JobState::Running.name()];
    doc! { "state": { "$in": states.as_slice() }, "at": { "$exists": true } }
}

/// The statements of the `update` command that make `change`.
pub(crate) fn statements(change: &JobChange) -> Vec<Document> {
    match change {
        JobChange::Schedule(job) => {
            vec![
                doc! { "q": { "_id": job.id.as_str() }, "u": { "$setOnInsert": to_row(job) },
                "upsert": true },
            ]
        }
        JobChange::Cancel(id) => {
            let cancelled = JobState::Cancelled.name();
            let taken = doc! { "state": cancelled, "name": "", "ended_at": DateTime::now() };
            vec![
                end(id, JobState::Cancelled),
                doc! { "q": { "_id": id.as_str() }, "u": { "$setOnInsert": taken },
                "upsert": true },
            ]
        }
    }
}

/// The statement that ends a job that has not ended.
pub(super) fn end(id: &JobId, how: JobState) -> Document {
    doc! { "q": { "_id": id.as_str(), "at": { "$exists": true } }, "u": ended(how) }
}

fn to_row(job: &NewJob) -> Document {
    let mut row = doc! {
        "name": job.name,
        "state": JobState::Waiting.name(),
        "at": to_bson(job.due),
        "due": to_bson(job.due),
        "scheduled_at": to_bson(job.scheduled_at),
        "attempts": 0,
        "payload": Binary { subtype: BinarySubtype::Generic, bytes: job.payload.clone() },
    };
    let MessageContext {
        correlation_id,
        causation_id,
        traceparent,
    } = &job.context;
    let texts = [
        ("correlation", correlation_id),
        ("causation", causation_id),
        ("trace", traceparent),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            row.insert(name, text);
        }
    }
    row
}

/// Makes a row one that has ended, which is small and in no index but that of ids.
pub(super) fn ended(how: JobState) -> Vec<Document> {
    vec![
        doc! { "$set": { "state": how.name(), "ended_at": "$$NOW" } },
        doc! { "$unset": DROPPED.as_slice() },
    ]
}

/// Makes a row one that is open in `state` and that no attempt has, with `at` in so many
/// milliseconds.
pub(super) fn open(state: JobState, millis: i64) -> Vec<Document> {
    vec![
        doc! { "$set": { "state": state.name(), "at": { "$add": ["$$NOW", millis] } } },
        doc! { "$unset": "lease" },
    ]
}

/// Has a row tried again in so many milliseconds.
pub(super) fn waiting(millis: i64) -> Vec<Document> {
    open(JobState::Waiting, millis)
}

pub(super) fn because(reason: &str) -> Document {
    doc! { "$set": { "reason": { "$literal": reason } } }
}

type Broken = Box<dyn std::error::Error + Send + Sync>;

pub(super) fn time(row: &Document, name: &str) -> Result<Timestamp, Broken> {
    let millis = row.get_datetime(name)?.timestamp_millis();
    Ok(Timestamp::from_millisecond(millis)?)
}

fn context(row: &Document) -> MessageContext {
    let text = |name: &str| row.get_str(name).ok().map(str::to_owned);
    MessageContext {
        correlation_id: text("correlation"),
        causation_id: text("causation"),
        traceparent: text("trace"),
    }
}

/// Reads `row` by `read`; the fault of one that can't be read names it.
fn reading<T>(row: &Document, read: impl FnOnce() -> Result<T, Broken>) -> Result<T, StoreError> {
    read().map_err(|fault| {
        let id = row.get("_id").unwrap_or(&Bson::Null);
        StoreError::permanent(format!("the job {id} can't be read: {fault}"))
    })
}

pub(super) fn to_taken(row: &Document, lease: Uuid) -> Result<TakenJob, StoreError> {
    reading(row, || {
        Ok(TakenJob {
            held: Held {
                id: JobId::from(row.get_str("_id")?.to_owned()),
                lease,
            },
            name: row.get_str("name")?.to_owned(),
            attempt: u32::try_from(row.get_i32("attempts")?)?,
            due: time(row, "due")?,
            scheduled_at: time(row, "scheduled_at")?,
            context: context(row),
            payload: row.get_binary_generic("payload")?.clone(),
        })
    })
}

pub(super) fn to_view(row: &Document) -> Result<JobView, StoreError> {
    reading(row, || {
        let state = row.get_str("state")?;
        let state = JobState::named(state).ok_or_else(|| format!("no state is called {state}"))?;
        let at = if state.has_ended() { "ended_at" } else { "at" };
        Ok(JobView {
            id: JobId::from(row.get_str("_id")?.to_owned()),
            name: row.get_str("name")?.to_owned(),
            state,
            at: time(row, at)?,
            due: time(row, "due").ok(),
            scheduled_at: time(row, "scheduled_at").ok(),
            attempts: u32::try_from(row.get_i32("attempts").unwrap_or_default())?,
            reason: row.get_str("reason").ok().map(str::to_owned),
            context: context(row),
            payload: row.get_binary_generic("payload").ok().cloned(),
        })
    })
}
