//! One attempt at a job, from its beginning to its record.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::Instant;

use super::backoff::pause;
use super::metrics::RunnerMetrics;
use super::registry::Jobs;
use super::route::{Ended, Given};
use super::settings::JobSettings;
use super::store::{JobStore, TakenJob};
use super::work::{JobContext, JobError};
use crate::clock::Clock;

/// The most of a reason that is kept, in bytes.
const LONGEST_REASON: usize = 2_000;
/// How long to wait before the outcome is written down again.
const AGAIN: Duration = Duration::from_millis(100);

/// What attempts are made with.
pub(super) struct Attempts<D: JobStore> {
    pub(super) database: D,
    pub(super) jobs: Jobs<D>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: JobSettings,
    pub(super) metrics: RunnerMetrics,
}

/// What is to be written down.
enum Verdict {
    Done,
    Retry(Duration, String),
    Dead(String),
}

impl<D: JobStore> Attempts<D> {
    /// Makes an attempt at `taken` and writes down what came of it.
    pub(super) async fn make(&self, taken: TakenJob) {
        let began = Instant::now();
        let verdict = match self.outcome(&taken).await {
            Ok(Ended::Done) => Some(Verdict::Done),
            Ok(Ended::Applied) => None,
            Ok(Ended::Overtaken) => {
                self.overtaken(&taken);
                return;
            }
            Err(error) => Some(self.judge(&taken, error)),
        };
        let outcome = match &verdict {
            None | Some(Verdict::Done) => "done",
            Some(Verdict::Retry(..)) => "retried",
            Some(Verdict::Dead(_)) => "dead",
        };
        if let Some(verdict) = verdict
            && !self.record(&taken, &verdict).await
        {
            self.overtaken(&taken);
            return;
        }
        self.metrics.ran(&taken.name, outcome, began.elapsed());
    }

    async fn outcome(&self, taken: &TakenJob) -> Result<Ended, JobError> {
        if taken.attempt > self.settings.max_attempts {
            return Err(JobError::GiveUp(format!(
                "it was begun {} times and never came to an end: the process ended before",
                taken.attempt - 1
            )));
        }
        let Some(route) = self.jobs.route(&taken.name) else {
            // An instance of a newer build may know it.
            return Err(JobError::Retry(format!(
                "this build of {} has nobody who does the job {:?}",
                self.jobs.service(),
                taken.name
            )));
        };
        let context = JobContext {
            id: taken.held.id.clone(),
            attempt: taken.attempt,
            due: taken.due,
            scheduled_at: taken.scheduled_at,
            message: taken.context.clone(),
        };
        let given = Given {
            database: &self.database,
            service: self.jobs.service(),
            clock: self.clock.as_ref(),
            held: &taken.held,
            payload: &taken.payload,
            context: &context,
        };
        let attempt = route.attempt(given);
        let attempt = AssertUnwindSafe(attempt).catch_unwind();
        match tokio::time::timeout(self.settings.timeout, attempt).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(panic)) => Err(JobError::Retry(format!("it panicked: {}", text(&*panic)))),
            Err(_) => Err(JobError::Retry(format!(
                "it had not ended after {:?}",
                self.settings.timeout
            ))),
        }
    }

    fn judge(&self, taken: &TakenJob, error: JobError) -> Verdict {
        let JobSettings {
            first_pause,
            longest_pause,
            max_attempts,
            ..
        } = self.settings;
        let (after, reason) = match error {
            JobError::GiveUp(reason) => return Verdict::Dead(reason),
            JobError::RetryAfter(after, reason) => (Some(after), reason),
            JobError::Retry(reason) => (None, reason),
            JobError::Store(fault) => (None, fault.to_string()),
        };
        if taken.attempt >= max_attempts {
            return Verdict::Dead(format!("{reason} (attempt {} of as many)", taken.attempt));
        }
        let after = after.unwrap_or_else(|| {
            let jitter = |bound| self.database.jitter(bound);
            pause(taken.attempt, first_pause, longest_pause, jitter)
        });
        Verdict::Retry(after, reason)
    }

    /// Writes down what came of the attempt; `false` when it has no right to the job any more.
    ///
    /// It is tried for as long as the lease may last: after that another attempt follows.
    async fn record(&self, taken: &TakenJob, verdict: &Verdict) -> bool {
        let (id, held) = (&taken.held.id, &taken.held);
        match verdict {
            Verdict::Done => {}
            Verdict::Retry(after, reason) => {
                tracing::warn!(job = %id, attempt = taken.attempt, ?after, reason, "a job is tried again");
            }
            Verdict::Dead(reason) => {
                tracing::error!(job = %id, attempt = taken.attempt, reason, "a job is set aside");
            }
        }
        let until = Instant::now() + self.settings.lease;
        loop {
            let recorded = match verdict {
                Verdict::Done => self.database.finish(held).await,
                Verdict::Retry(after, reason) => {
                    self.database.fail(held, *after, short(reason)).await
                }
                Verdict::Dead(reason) => self.database.set_aside(held, short(reason)).await,
            };
            match recorded {
                Ok(recorded) => return recorded,
                Err(fault) if Instant::now() + AGAIN < until => {
                    tracing::debug!(job = %id, %fault, "what came of a job is not written down yet");
                    tokio::time::sleep(AGAIN).await;
                }
                Err(fault) => {
                    tracing::warn!(job = %id, %fault, "what came of a job can't be written down");
                    return false;
                }
            }
        }
    }

    fn overtaken(&self, taken: &TakenJob) {
        tracing::info!(
            job = %taken.held.id, attempt = taken.attempt,
            "an attempt has no right to its job any more; another one follows, or it has ended"
        );
        self.metrics.overtaken(&taken.name);
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it did not say why")
}

fn short(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(LONGEST_REASON)]
}
