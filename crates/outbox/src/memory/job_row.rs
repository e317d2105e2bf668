//! Rows of jobs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::jobs::change::{JobChange, NewJob};
use crate::jobs::id::JobId;
use crate::jobs::store::{Held, JobPosition, JobState, JobView, TakenJob};
use crate::message::MessageContext;

/// A job as it is kept.
#[derive(Clone, PartialEq)]
pub(super) struct Row {
    pub(super) view: JobView,
    pub(super) lease: Option<Uuid>,
}

impl Row {
    fn new(job: &NewJob) -> Self {
        let view = JobView {
            id: job.id.clone(),
            name: job.name.to_owned(),
            state: JobState::Waiting,
            at: job.due,
            due: Some(job.due),
            scheduled_at: Some(job.scheduled_at),
            attempts: 0,
            reason: None,
            context: job.context.clone(),
            payload: Some(job.payload.clone()),
        };
        Self { view, lease: None }
    }

    /// A row that has ended keeps its id, name and end.
    fn ended(id: &JobId, name: String, state: JobState, at: Timestamp) -> Self {
        let view = JobView {
            id: id.clone(),
            name,
            state,
            at,
            due: None,
            scheduled_at: None,
            attempts: 0,
            reason: None,
            context: MessageContext::default(),
            payload: None,
        };
        Self { view, lease: None }
    }

    pub(super) fn end(&mut self, state: JobState, now: Timestamp) {
        let name = std::mem::take(&mut self.view.name);
        *self = Self::ended(&self.view.id, name, state, now);
    }

    /// Leaves it open in `state`, without an attempt that has it.
    pub(super) fn open(&mut self, state: JobState, at: Timestamp) {
        self.view.state = state;
        self.view.at = at;
        self.lease = None;
    }

    pub(super) fn is_takeable(&self) -> bool {
        matches!(self.view.state, JobState::Waiting | JobState::Running)
    }

    pub(super) fn position(&self) -> JobPosition {
        JobPosition {
            at: self.view.at,
            id: self.view.id.clone(),
        }
    }

    pub(super) fn taken(&self, lease: Uuid) -> TakenJob {
        let view = self.view.clone();
        TakenJob {
            held: Held { id: view.id, lease },
            name: view.name,
            attempt: view.attempts,
            due: view.due.unwrap_or(view.at),
            scheduled_at: view.scheduled_at.unwrap_or(view.at),
            context: view.context,
            payload: view.payload.unwrap_or_default(),
        }
    }
}

pub(super) fn change(rows: &mut BTreeMap<JobId, Row>, changes: &[JobChange], now: Timestamp) {
    for change in changes {
        match change {
            JobChange::Schedule(job) => {
                rows.entry(job.id.clone()).or_insert_with(|| Row::new(job));
            }
            JobChange::Cancel(id) => match rows.get_mut(id) {
                Some(row) if row.view.state.has_ended() => {}
                Some(row) => row.end(JobState::Cancelled, now),
                None => {
                    let row = Row::ended(id, String::new(), JobState::Cancelled, now);
                    rows.insert(id.clone(), row);
                }
            },
        }
    }
}

/// The row that `held` is a right to.
pub(super) fn held_row<'a>(rows: &'a mut BTreeMap<JobId, Row>, held: &Held) -> Option<&'a mut Row> {
    let row = rows.get_mut(&held.id)?;
    (row.lease == Some(held.lease)).then_some(row)
}
