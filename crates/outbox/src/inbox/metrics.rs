//! Counts what an inbox does.

use std::time::Duration;

use jiff::Timestamp;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::batch::Done;
use crate::metric_descriptions;
use crate::source::Record;

pub(super) struct InboxMetrics {
    records: Counter,
    emitted: Counter,
    dead_lettered: Counter,
    tombstones: Counter,
    duplicates: Counter,
    dead_letters: Gauge,
    retries: Counter,
    sizes: Histogram,
    times: Histogram,
    ages: Histogram,
}

impl InboxMetrics {
    pub(super) fn new(group: &str) -> Self {
        let name = group.to_owned();
        metric_descriptions::inbox();
        Self {
            records: counter!("inbox_records_total", "group" => name.clone()),
            emitted: counter!("inbox_emitted_total", "group" => name.clone()),
            dead_lettered: counter!("inbox_dead_lettered_total", "group" => name.clone()),
            tombstones: counter!("inbox_tombstones_total", "group" => name.clone()),
            duplicates: counter!("inbox_duplicates_total", "group" => name.clone()),
            dead_letters: gauge!("dead_letters", "group" => name.clone()),
            retries: counter!("inbox_retries_total", "group" => name.clone()),
            sizes: histogram!("inbox_batch_records", "group" => name.clone()),
            times: histogram!("inbox_batch_duration_seconds", "group" => name.clone()),
            ages: histogram!("inbox_event_age_seconds", "group" => name),
        }
    }

    pub(super) fn retried(&self) {
        self.retries.increment(1);
    }

    /// How many messages of the group are set aside now.
    #[expect(clippy::cast_precision_loss, reason = "a count for a chart")]
    pub(super) fn set_aside(&self, dead_letters: u64) {
        self.dead_letters.set(dead_letters as f64);
    }

    /// What became of `records`, which were applied at `now` in a transaction of `took`.
    #[expect(clippy::cast_precision_loss, reason = "values for a chart")]
    pub(super) fn applied(&self, records: &[Record], done: &Done, took: Duration, now: Timestamp) {
        self.records.increment(records.len() as u64);
        self.emitted.increment(done.emitted as u64);
        self.dead_lettered
            .increment(done.dead_lettered.len() as u64);
        self.tombstones.increment(done.tombstones.len() as u64);
        self.duplicates.increment(done.duplicates as u64);
        self.sizes.record(records.len() as f64);
        self.times.record(took);
        if let Some(oldest) = records.iter().filter_map(|record| record.timestamp).min() {
            let age = now.duration_since(oldest).as_secs_f64();
            self.ages.record(age.max(0.0));
        }
    }
}
