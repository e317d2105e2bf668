//! Counts what an inbox does.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::batch::Done;

pub(super) struct Tally {
    records: Counter,
    emitted: Counter,
    parked: Counter,
    duplicates: Counter,
    letters: Gauge,
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
            duplicates: counter!("inbox_duplicates_total", "group" => name.clone()),
            letters: gauge!("dead_letters", "group" => name.clone()),
            retries: counter!("inbox_retries_total", "group" => name.clone()),
            sizes: histogram!("inbox_batch_records", "group" => name),
        }
    }

    pub(super) fn retried(&self) {
        self.retries.increment(1);
    }

    /// How many messages of the group are set aside now.
    #[expect(clippy::cast_precision_loss, reason = "a count for a chart")]
    pub(super) fn set_aside(&self, letters: u64) {
        self.letters.set(letters as f64);
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for a chart")]
    pub(super) fn applied(&self, records: usize, done: &Done) {
        self.records.increment(records as u64);
        self.emitted.increment(done.emitted as u64);
        self.parked.increment(done.parked.len() as u64);
        self.duplicates.increment(done.duplicates as u64);
        self.sizes.record(records as f64);
    }
}
