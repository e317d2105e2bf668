//! The records of a batch by what is to be done with them.

use std::collections::{BTreeMap, HashSet};

use super::store::InboxStore;
use crate::checkpoint::{DeadLetterKeys, ReplayCounts, TopicPartition};
use crate::dead_letter::DeadLetter;
use crate::handler::{AnyEnvelope, Route, Subscriptions};
use crate::message::InvalidMessage;
use crate::outbox::{EventCollector, OutboxStore};
use crate::source::Record;
use crate::trace::BatchSpans;

/// Successive records of one handler.
pub(super) struct Run<'a, D: InboxStore + OutboxStore> {
    pub(super) route: &'a dyn Route<D>,
    pub(super) events: Vec<AnyEnvelope>,
    /// The partition whose replay they belong to. Their counts are its own, so a run has
    /// records of one replay only.
    pub(super) replay: Option<&'a TopicPartition>,
}

/// What a batch is made of.
pub(super) struct Sorted<'a, D: InboxStore + OutboxStore> {
    pub(super) runs: Vec<Run<'a, D>>,
    pub(super) dead_letters: Vec<DeadLetter>,
    /// What replays have come to by the records that no handler gets.
    pub(super) counts: BTreeMap<&'a TopicPartition, ReplayCounts>,
    /// Records without a value.
    pub(super) tombstones: Vec<&'a Record>,
}

/// What decides about a record's way.
pub(super) struct Sorting<'a, D: InboxStore + OutboxStore> {
    pub(super) subscriptions: &'a Subscriptions<D>,
    pub(super) dead_letter_keys: &'a DeadLetterKeys,
    /// The replays under way, each with the offset at which it ends.
    pub(super) replays: &'a BTreeMap<TopicPartition, i64>,
    /// Why the only record of the batch becomes a dead letter.
    pub(super) dead_letter_reason: Option<&'a str>,
    pub(super) spans: &'a BatchSpans,
}

enum Way<'a, D: InboxStore + OutboxStore> {
    Handle(&'a dyn Route<D>, AnyEnvelope),
    PassOver,
    SetAside { reason: String, waits: bool },
}

impl<'a, D: InboxStore + OutboxStore> Sorting<'a, D> {
    pub(super) fn sort(&self, records: &'a [Record], out: &EventCollector<'_>) -> Sorted<'a, D> {
        let mut sorted = Sorted {
            runs: Vec::new(),
            dead_letters: Vec::new(),
            counts: BTreeMap::new(),
            tombstones: Vec::new(),
        };
        let mut blocked: HashSet<(&TopicPartition, &str)> = HashSet::new();
        for (index, record) in records.iter().enumerate() {
            let replay = self.replay(record);
            match self.way(index, record, &blocked) {
                Way::Handle(route, event) => sorted.push(route, event, replay),
                Way::PassOver => {
                    if record.is_tombstone() {
                        sorted.tombstones.push(record);
                    }
                    if let Some(at) = replay {
                        sorted.counts.entry(at).or_default().passed_over += 1;
                    }
                }
                Way::SetAside { reason, waits } => {
                    if let Some(at) = replay {
                        sorted.counts.entry(at).or_default().dead_lettered += 1;
                    }
                    blocked.extend(record.key.as_deref().map(|key| (&record.at, key)));
                    let group = self.subscriptions.group();
                    let dead_letter = DeadLetter::new(group, record, &reason, waits, out.now());
                    sorted.dead_letters.push(dead_letter);
                }
            }
        }
        sorted
    }

    /// The partition of `record`, when the record belongs to its replay.
    fn replay(&self, record: &'a Record) -> Option<&'a TopicPartition> {
        let to = self.replays.get(&record.at)?;
        (record.offset < *to).then_some(&record.at)
    }

    fn way(
        &self,
        index: usize,
        record: &Record,
        blocked: &HashSet<(&TopicPartition, &str)>,
    ) -> Way<'a, D> {
        // Nothing is in it that could be handled, now or by a retry, so it may wait behind nothing
        // and nothing has to wait behind it.
        if record.is_tombstone() {
            return Way::PassOver;
        }
        let waits = record.key.as_deref().is_some_and(|key| {
            let keys = self.dead_letter_keys.get(&record.at);
            let first = keys.and_then(|keys| keys.get(key));
            blocked.contains(&(&record.at, key))
                || first.is_some_and(|first| *first <= record.offset)
        });
        let (reason, waits) = if waits {
            (
                "an earlier message of this key is dead-lettered".to_owned(),
                true,
            )
        } else if let Some(reason) = self.dead_letter_reason {
            (reason.to_owned(), false)
        } else if record.text_header("ce_type").is_none() {
            (InvalidMessage::Header("ce_type").to_string(), false)
        } else {
            let Some(route) = self.subscriptions.route(record) else {
                return Way::PassOver;
            };
            match route.decode(record, self.spans.traceparent(index)) {
                Ok(Some(event)) => return Way::Handle(route, event),
                Ok(None) => return Way::PassOver,
                Err(reason) => (reason.to_string(), false),
            }
        };
        Way::SetAside { reason, waits }
    }
}

impl<'a, D: InboxStore + OutboxStore> Sorted<'a, D> {
    fn push(
        &mut self,
        route: &'a dyn Route<D>,
        event: AnyEnvelope,
        replay: Option<&'a TopicPartition>,
    ) {
        match self.runs.last_mut() {
            Some(run) if run.route.event() == route.event() && run.replay == replay => {
                run.events.push(event);
            }
            _ => self.runs.push(Run {
                route,
                events: vec![event],
                replay,
            }),
        }
    }
}
