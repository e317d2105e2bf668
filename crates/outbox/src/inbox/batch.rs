//! One batch as a unit of work.

use std::collections::{BTreeMap, HashMap};

use super::sorted::Sorting;
use super::store::InboxStore;
use crate::checkpoint::{Advance, Claim, DeadLetterKeys, TopicPartition};
use crate::clock::Clock;
use crate::dead_letter::DeadLetter;
use crate::error::StoreError;
use crate::handler::{HandleError, Subscriptions};
use crate::outbox::{EventCollector, OnCommit, OutboxStore};
use crate::source::Record;
use crate::trace::BatchSpans;
use crate::transaction::Work;

/// What a batch came to.
pub(super) struct Done {
    pub(super) steps: Vec<Advance>,
    /// What was set aside and had not been before.
    pub(super) dead_lettered: Vec<DeadLetter>,
    pub(super) emitted: usize,
    /// The records without a value, each by its place and key.
    pub(super) tombstones: Vec<(TopicPartition, i64, Option<String>)>,
    pub(super) duplicates: usize,
    /// What handlers wanted done once it is committed.
    pub(super) on_commit: Vec<OnCommit>,
}

pub(super) struct Batch<'a, D: InboxStore + OutboxStore> {
    database: &'a D,
    subscriptions: &'a Subscriptions<D>,
    service: &'a str,
    clock: &'a dyn Clock,
    records: &'a [Record],
    dead_letter_keys: &'a DeadLetterKeys,
    steps: Vec<Advance>,
    /// The replays under way, each with the offset at which it ends.
    replays: BTreeMap<TopicPartition, i64>,
    /// Set when the only record of the batch has failed for good.
    dead_letter_reason: Option<String>,
    spans: &'a BatchSpans,
}

impl<'a, D: InboxStore + OutboxStore> Batch<'a, D> {
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of an inbox, each borrowed"
    )]
    pub(super) fn new(
        database: &'a D,
        subscriptions: &'a Subscriptions<D>,
        service: &'a str,
        clock: &'a dyn Clock,
        claims: &HashMap<TopicPartition, Claim>,
        dead_letter_keys: &'a DeadLetterKeys,
        records: &'a [Record],
        spans: &'a BatchSpans,
    ) -> Self {
        let steps = steps(claims, records);
        let replays = claims.values().filter_map(|claim| {
            let end = claim.replay.as_ref()?.to;
            (claim.next < end).then(|| (claim.at.clone(), end))
        });
        Self {
            database,
            subscriptions,
            service,
            clock,
            records,
            dead_letter_keys,
            steps,
            replays: replays.collect(),
            dead_letter_reason: None,
            spans,
        }
    }
}

/// How far `records` take the checkpoints of `claims`.
fn steps(claims: &HashMap<TopicPartition, Claim>, records: &[Record]) -> Vec<Advance> {
    let mut ends: BTreeMap<&TopicPartition, i64> = BTreeMap::new();
    for record in records {
        ends.insert(&record.at, record.offset + 1);
    }
    let step = |(at, to): (&TopicPartition, i64)| {
        let claim = claims.get(at)?;
        Some(Advance {
            at: at.clone(),
            epoch: claim.epoch,
            from: claim.next,
            to,
        })
    };
    ends.into_iter().filter_map(step).collect()
}

impl<D: InboxStore + OutboxStore> Work<D> for Batch<'_, D> {
    type Output = Done;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Done, StoreError> {
        let out = EventCollector::new(self.service, self.clock);
        // First, so that a batch that is not ours any more does no work.
        self.database
            .advance(tx, self.subscriptions.group(), &self.steps)
            .await?;
        match self.apply(tx, out).await {
            Err(fault)
                if fault.is_refusal()
                    && self.records.len() == 1
                    && self.dead_letter_reason.is_none() =>
            {
                // What its handler made of it can't be saved: too large, for example.
                Err(self.fail(fault.to_string()))
            }
            other => other,
        }
    }
}

impl<D: InboxStore + OutboxStore> Batch<'_, D> {
    /// The next attempt dead-letters the only record instead of handling it.
    fn fail(&mut self, reason: String) -> StoreError {
        self.dead_letter_reason = Some(reason.clone());
        StoreError::conflict(reason)
    }

    async fn apply(
        &mut self,
        tx: &mut D::Tx,
        mut out: EventCollector<'_>,
    ) -> Result<Done, StoreError> {
        let sorting = Sorting {
            subscriptions: self.subscriptions,
            dead_letter_keys: self.dead_letter_keys,
            replays: &self.replays,
            dead_letter_reason: self.dead_letter_reason.as_deref(),
            spans: self.spans,
        };
        let sorted = sorting.sort(self.records, &out);
        let (mut counts, mut duplicates) = (sorted.counts, 0);
        for run in &sorted.runs {
            if let Err(fault) = run.route.handle(tx, &run.events, &mut out).await {
                return Err(match fault {
                    HandleError::Retry(fault) => fault,
                    HandleError::DeadLetter(reason) if self.records.len() == 1 => self.fail(reason),
                    HandleError::DeadLetter(reason) => StoreError::permanent(reason),
                });
            }
            let seen = out.take_duplicates().min(run.events.len());
            duplicates += seen;
            if let Some(at) = run.replay {
                let counts = counts.entry(at).or_default();
                counts.duplicates += seen as u64;
                counts.applied += (run.events.len() - seen) as u64;
            }
        }
        let mut dead_lettered = Vec::new();
        if !sorted.dead_letters.is_empty() {
            dead_lettered = self
                .database
                .add_dead_letters(tx, &sorted.dead_letters)
                .await?;
            for dead_letter in &dead_lettered {
                out.push_message(dead_letter.to_message(self.clock.uuid()));
            }
        }
        if !counts.is_empty() {
            let counts: Vec<_> = counts.into_iter().map(|(at, n)| (at.clone(), n)).collect();
            let group = self.subscriptions.group();
            self.database.count_replayed(tx, group, &counts).await?;
        }
        let place = |record: &&Record| (record.at.clone(), record.offset, record.key.clone());
        let tombstones = sorted.tombstones.iter().map(place).collect();
        let (emitted, on_commit) = (out.len(), out.take_on_commit());
        out.write(self.database, tx).await?;
        Ok(Done {
            steps: self.steps.clone(),
            dead_lettered,
            emitted,
            tombstones,
            duplicates,
            on_commit,
        })
    }
}

/// The most bytes of records in one transaction, unless there is a single one. What becomes of them
/// has to fit in one document of MongoDB: all may be dead letters, whose copies go to the outbox.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Whether `ahead` makes a batch, so that nothing more need be gathered.
pub(super) fn is_full(ahead: &[Record], most: usize) -> bool {
    ahead.len() >= most || ahead.iter().map(Record::bytes).sum::<usize>() >= MAX_BATCH_BYTES
}

/// How many of `ahead`, at most `most`, make a batch.
pub(super) fn batch_size(ahead: &[Record], most: usize) -> usize {
    let mut bytes = 0;
    let fitting = ahead.iter().take(most).take_while(|record| {
        bytes += record.bytes();
        bytes <= MAX_BATCH_BYTES
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_at_most_so_many_bytes_or_a_single_record() {
        let record = |bytes: usize| Record {
            at: TopicPartition::new("t", 0),
            offset: 0,
            timestamp: None,
            key: None,
            headers: Vec::new(),
            payload: vec![b'x'; bytes],
        };
        let records = |count: usize, bytes| vec![record(bytes); count];
        assert_eq!(batch_size(&records(300, 10), 250), 250);
        assert_eq!(batch_size(&records(3, 10), 250), 3);
        assert_eq!(batch_size(&records(9, MAX_BATCH_BYTES / 4), 250), 4);
        assert_eq!(batch_size(&records(9, MAX_BATCH_BYTES + 1), 250), 1);
        let behind = [record(1), record(17_000_000), record(1)];
        assert_eq!(batch_size(&behind, 250), 1, "a large one goes alone");
        assert_eq!(batch_size(&behind[1..], 250), 1);
        assert!(is_full(&records(250, 10), 250));
        assert!(!is_full(&records(249, 10), 250));
        assert!(is_full(&behind, 250), "few large ones are a batch, too");
    }
}
