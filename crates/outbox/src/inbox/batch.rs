//! One batch as a unit of work.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::checkpoint::{Advance, Claim, InboxStore, TopicPartition};
use crate::clock::Clock;
use crate::dead_letter::DeadLetter;
use crate::error::StoreError;
use crate::handler::{AnyEnvelope, HandleError, Route, Subscriptions};
use crate::outbox::{OutboxStore, Outgoing};
use crate::source::Record;
use crate::transaction::Work;

/// What a batch came to.
pub(super) struct Done {
    pub(super) steps: Vec<Advance>,
    pub(super) parked: Vec<DeadLetter>,
    pub(super) emitted: usize,
}

pub(super) struct Batch<'a, D: InboxStore + OutboxStore> {
    database: &'a D,
    subscriptions: &'a Subscriptions<D>,
    service: &'a str,
    clock: &'a dyn Clock,
    records: &'a [Record],
    parked: &'a HashSet<(String, String)>,
    steps: Vec<Advance>,
    /// Set when the only record of the batch turns out to be beyond help.
    doomed: Option<String>,
}

impl<'a, D: InboxStore + OutboxStore> Batch<'a, D> {
    pub(super) fn new(
        database: &'a D,
        subscriptions: &'a Subscriptions<D>,
        service: &'a str,
        clock: &'a dyn Clock,
        claims: &HashMap<TopicPartition, Claim>,
        parked: &'a HashSet<(String, String)>,
        records: &'a [Record],
    ) -> Self {
        let mut ends: BTreeMap<&TopicPartition, i64> = BTreeMap::new();
        for record in records {
            ends.insert(&record.at, record.offset + 1);
        }
        let steps = ends
            .into_iter()
            .filter_map(|(at, to)| {
                let claim = claims.get(at)?;
                Some(Advance {
                    at: at.clone(),
                    epoch: claim.epoch,
                    from: claim.next,
                    to,
                })
            })
            .collect();
        Self {
            database,
            subscriptions,
            service,
            clock,
            records,
            parked,
            steps,
            doomed: None,
        }
    }

    /// Sorts the records into runs of one handler, and those to be parked.
    fn sort(&self, out: &Outgoing<'_>) -> (Vec<Run<'a, D>>, Vec<DeadLetter>) {
        let mut runs: Vec<Run<'a, D>> = Vec::new();
        let mut letters: Vec<DeadLetter> = Vec::new();
        let mut blocked: HashSet<(&str, &str)> = self
            .parked
            .iter()
            .map(|(topic, key)| (topic.as_str(), key.as_str()))
            .collect();
        for record in self.records {
            let place = record
                .key
                .as_deref()
                .map(|key| (record.at.topic.as_str(), key));
            let waits = place.is_some_and(|place| blocked.contains(&place));
            let reason = if waits {
                "an earlier message of this key is parked".to_owned()
            } else if let Some(doomed) = &self.doomed {
                doomed.clone()
            } else if crate::handler::text_header(record, "ce_type").is_none() {
                crate::message::InvalidMessage::Header("ce_type").to_string()
            } else {
                let Some(route) = self.subscriptions.route(record) else {
                    continue;
                };
                match route.decode(record) {
                    Ok(event) => {
                        push(&mut runs, route, event);
                        continue;
                    }
                    Err(reason) => reason.to_string(),
                }
            };
            blocked.extend(place);
            letters.push(DeadLetter {
                group: self.subscriptions.group().to_owned(),
                record: record.clone(),
                reason,
                waits,
                parked_at: out.now(),
            });
        }
        (runs, letters)
    }
}

struct Run<'a, D: InboxStore + OutboxStore> {
    route: &'a dyn Route<D>,
    events: Vec<AnyEnvelope>,
}

fn push<'a, D: InboxStore + OutboxStore>(
    runs: &mut Vec<Run<'a, D>>,
    route: &'a dyn Route<D>,
    event: AnyEnvelope,
) {
    match runs.last_mut() {
        Some(run) if std::ptr::addr_eq(run.route, route) => run.events.push(event),
        _ => runs.push(Run {
            route,
            events: vec![event],
        }),
    }
}

impl<D: InboxStore + OutboxStore> Work<D> for Batch<'_, D> {
    type Output = Done;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Done, StoreError> {
        let mut out = Outgoing::new(self.service, self.clock);
        // First, so that a batch that is not ours any more does no work.
        self.database
            .advance(tx, self.subscriptions.group(), &self.steps)
            .await?;
        let (runs, parked) = self.sort(&out);
        for run in &runs {
            if let Err(fault) = run.route.handle(tx, &run.events, &mut out).await {
                return Err(match fault {
                    HandleError::Retry(fault) => fault,
                    HandleError::DeadLetter(reason) if self.records.len() == 1 => {
                        // The next attempt parks it instead of handling it.
                        self.doomed = Some(reason.clone());
                        StoreError::conflict(reason)
                    }
                    HandleError::DeadLetter(reason) => StoreError::permanent(reason),
                });
            }
        }
        if !parked.is_empty() {
            self.database.park(tx, &parked).await?;
            for letter in &parked {
                out.push_message(letter.to_message(self.clock.uuid()));
            }
        }
        let emitted = out.len();
        if let Some(record) = out.into_record() {
            self.database.append(tx, &record).await?;
        }
        Ok(Done {
            steps: self.steps.clone(),
            parked,
            emitted,
        })
    }
}
