//! Counts what a relay does.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::metric_descriptions;
use crate::outbox::{Backlog, Lease};

pub(super) struct RelayMetrics {
    published: Counter,
    faults: Counter,
    backlog: Gauge,
    oldest: Gauge,
    epoch: Gauge,
    sizes: Histogram,
    times: Histogram,
}

impl RelayMetrics {
    pub(super) fn new(shard: &str) -> Self {
        let name = shard.to_owned();
        metric_descriptions::relay();
        Self {
            published: counter!("outbox_published_total", "shard" => name.clone()),
            faults: counter!("outbox_faults_total", "shard" => name.clone()),
            backlog: gauge!("outbox_backlog_records", "shard" => name.clone()),
            oldest: gauge!("outbox_oldest_age_seconds", "shard" => name.clone()),
            epoch: gauge!("outbox_lease_epoch", "shard" => name.clone()),
            sizes: histogram!("outbox_batch_messages", "shard" => name.clone()),
            times: histogram!("outbox_publish_duration_seconds", "shard" => name),
        }
    }

    pub(super) fn fault(&self) {
        self.faults.increment(1);
    }

    #[expect(clippy::cast_precision_loss, reason = "a value for a chart")]
    pub(super) fn published(&self, messages: usize, took: Duration) {
        self.published.increment(messages as u64);
        self.sizes.record(messages as f64);
        self.times.record(took);
    }

    #[expect(clippy::cast_precision_loss, reason = "an epoch is far below 2^52")]
    pub(super) fn holds(&self, lease: &Lease) {
        self.epoch.set(lease.epoch as f64);
    }

    /// Another one holds the lease: it is the one that measures the table.
    pub(super) fn stands_by(&self) {
        self.backlog.set(0.0);
        self.oldest.set(0.0);
    }

    /// What waits; `age` is that of the oldest, in seconds.
    #[expect(clippy::cast_precision_loss, reason = "a count for a chart")]
    pub(super) fn waits(&self, backlog: &Backlog, age: f64) {
        self.backlog.set(backlog.records as f64);
        self.oldest.set(age);
    }
}
