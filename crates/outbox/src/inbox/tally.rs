//! Counts what an inbox does.

use metrics::{Counter, Histogram, counter, histogram};

use super::batch::Done;

pub(super) struct Tally {
    records: Counter,
    emitted: Counter,
    parked: Counter,
    retries: Counter,
    sizes: Histogram,
}

impl Tally {
    pub(super) fn new(group: &str) -> Self {
        let name = group.to_owned();
        Self {
            records: counter!("inbox_records_total", "group" => name.clone()),
            emitted: counter!("inbox_emitted_total", "group" => name.clone()),
            parked: counter!("inbox_parked_total", "group" => name.clone()),
            retries: counter!("inbox_retries_total", "group" => name.clone()),
            sizes: histogram!("inbox_batch_records", "group" => name),
        }
    }

    pub(super) fn retried(&self) {
        self.retries.increment(1);
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for a chart")]
    pub(super) fn applied(&self, records: usize, done: &Done) {
        self.records.increment(records as u64);
        self.emitted.increment(done.emitted as u64);
        self.parked.increment(done.parked.len() as u64);
        self.sizes.record(records as f64);
    }
}
