//! Counts what a runner does, and what it has before it.

use std::time::Duration;

use metrics::{Gauge, counter, gauge, histogram};

use super::store::JobCounts;
use crate::metric_descriptions;

pub(super) struct RunnerMetrics {
    service: String,
    waiting: Gauge,
    due: Gauge,
    oldest_due: Gauge,
    running: Gauge,
    dead: Gauge,
}

impl RunnerMetrics {
    pub(super) fn new(service: &str, jobs: impl Iterator<Item = &'static str>) -> Self {
        metric_descriptions::jobs();
        let this = |name: &'static str| gauge!(name, "service" => service.to_owned());
        let metrics = Self {
            service: service.to_owned(),
            waiting: this("jobs_waiting"),
            due: this("jobs_due"),
            oldest_due: this("jobs_oldest_due_age_seconds"),
            running: this("jobs_running"),
            dead: this("jobs_dead"),
        };
        // What may never happen is there with 0, for alerts.
        for job in jobs {
            for outcome in ["done", "retried", "dead", "overtaken"] {
                metrics.count(job, outcome, 0);
            }
        }
        metrics
    }

    fn count(&self, job: &str, outcome: &'static str, times: u64) {
        let (service, job) = (self.service.clone(), job.to_owned());
        counter!("jobs_run_total", "service" => service, "job" => job, "outcome" => outcome)
            .increment(times);
    }

    pub(super) fn ran(&self, job: &str, outcome: &'static str, took: Duration) {
        self.count(job, outcome, 1);
        let (service, job) = (self.service.clone(), job.to_owned());
        histogram!("jobs_run_duration_seconds", "service" => service, "job" => job).record(took);
    }

    pub(super) fn overtaken(&self, job: &str) {
        self.count(job, "overtaken", 1);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts for a chart")]
    pub(super) fn there_are(&self, counts: &JobCounts) {
        self.waiting.set(counts.waiting as f64);
        self.due.set(counts.due as f64);
        self.oldest_due.set(counts.oldest_due.as_secs_f64());
        self.running.set(counts.running as f64);
        self.dead.set(counts.dead as f64);
    }
}
