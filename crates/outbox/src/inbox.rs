//! Feeds handlers: one transaction for each batch of records.
//!
//! A transaction holds the checkpoints of the batch's partitions, what the handlers
//! change, and one outbox record with the events they emit. Either all of it happened or
//! none, so a crash at any point leaves nothing to repair: the same records come again.

mod backoff;
mod batch;
mod error;
mod idle;
mod metrics;
mod sorted;
mod store;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::backoff::Backoff;
use self::batch::{Batch, batch_size, is_full};
pub use self::error::InboxError;
use self::idle::{IDLE, IdleChecks};
use self::metrics::InboxMetrics;
pub use self::store::InboxStore;
use crate::checkpoint::{Claim, DeadLetterKeys, TopicPartition};
use crate::clock::Clock;
use crate::error::{ErrorKind, StoreError};
use crate::handler::Subscriptions;
use crate::outbox::OutboxStore;
use crate::pacing::rest;
use crate::source::{Assigned, Record, Source, SourceEvent};
use crate::trace::{BatchSpans, Step};
use crate::transaction::transact;

/// How an inbox works.
#[derive(Debug, Clone)]
pub struct InboxSettings {
    /// The most records in one transaction.
    pub batch: usize,
    /// How long to wait for more of them once there is one.
    pub linger: Duration,
    /// The longest wait between two attempts while a fault lasts.
    pub max_backoff: Duration,
}

impl Default for InboxSettings {
    fn default() -> Self {
        Self {
            batch: 250,
            // The messages of one round come by partition, one after the other.
            linger: Duration::from_millis(2),
            max_backoff: Duration::from_secs(2),
        }
    }
}

/// A consumer group's member that hands records to handlers.
pub struct Inbox<D: InboxStore + OutboxStore, S> {
    database: D,
    source: S,
    subscriptions: Subscriptions<D>,
    service: String,
    clock: Arc<dyn Clock>,
    settings: InboxSettings,
    /// What is ours, and how far we are.
    claims: HashMap<TopicPartition, Claim>,
    /// Keys that have a dead letter: nothing behind it may be applied.
    dead_letter_keys: DeadLetterKeys,
    idle_checks: IdleChecks,
    /// Where the checkpoints stood when they were last taken over.
    known: HashMap<TopicPartition, i64>,
    /// How often in a row a checkpoint was behind the reported end.
    end_retries: u32,
    /// Waits longer each time that we are fenced without having applied anything between:
    /// of two that claim the same, one gets to work.
    fenced_backoff: Backoff,
    metrics: InboxMetrics,
    /// When the next batch may go, though it is small.
    next_batch_at: Instant,
}

/// How often the ends of the partitions are asked for again before they are believed.
const MAX_END_RETRIES: u32 = 3;

impl<D: InboxStore + OutboxStore, S: Source> Inbox<D, S> {
    /// An inbox for `subscriptions`, whose handlers' events are published by `service`.
    pub fn new(
        database: D,
        source: S,
        subscriptions: Subscriptions<D>,
        service: impl Into<String>,
        clock: Arc<dyn Clock>,
        settings: InboxSettings,
    ) -> Self {
        let metrics = InboxMetrics::new(subscriptions.group());
        let fenced_backoff = Backoff::new(settings.max_backoff);
        Self {
            database,
            source,
            subscriptions,
            service: service.into(),
            clock,
            settings,
            claims: HashMap::new(),
            dead_letter_keys: DeadLetterKeys::new(),
            idle_checks: IdleChecks::default(),
            known: HashMap::new(),
            end_retries: 0,
            fenced_backoff,
            metrics,
            next_batch_at: Instant::now(),
        }
    }

    /// Works until `stop`; the batch under way is finished and the group left.
    ///
    /// # Errors
    /// When a checkpoint does not fit its topic.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), InboxError> {
        let outcome = self.work(&stop).await;
        self.source.close();
        let leaving = async { while self.source.next().await.is_some() {} };
        if tokio::time::timeout(Duration::from_secs(5), leaving)
            .await
            .is_err()
        {
            tracing::warn!(
                group = self.subscriptions.group(),
                "the group was not left in time"
            );
        }
        outcome
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<(), InboxError> {
        let mut ahead: Vec<Record> = Vec::new();
        loop {
            let event = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                event = self.source.next() => event,
                () = tokio::time::sleep(IDLE), if !self.claims.is_empty() => {
                    self.look(stop).await;
                    continue;
                }
            };
            let mut event = match event {
                Some(event) => Some(event),
                None => return Ok(()),
            };
            // Whatever is there already belongs to this batch, up to a change of hands.
            let mut gather_until: Option<Instant> = None;
            loop {
                match event.take() {
                    Some(SourceEvent::Records(records)) => ahead.extend(records),
                    Some(SourceEvent::Assigned(partitions)) => {
                        ahead.clear();
                        self.take_over(&partitions, stop).await?;
                    }
                    Some(SourceEvent::Revoked) => {
                        ahead.clear();
                        self.claims.clear();
                    }
                    None => {}
                }
                if !is_full(&ahead, self.settings.batch) {
                    event = self.source.try_next();
                    if event.is_none() && !ahead.is_empty() {
                        let until = *gather_until.get_or_insert_with(|| {
                            self.next_batch_at
                                .max(Instant::now() + self.settings.linger)
                        });
                        event = tokio::time::timeout_at(until, self.source.next())
                            .await
                            .unwrap_or_default();
                    }
                    if event.is_some() {
                        continue;
                    }
                }
                if ahead.is_empty() || stop.is_cancelled() {
                    break;
                }
                let size = batch_size(&ahead, self.settings.batch);
                let records: Vec<Record> = ahead.drain(..size).collect();
                let began = Instant::now();
                self.apply(records, stop).await;
                self.next_batch_at = Instant::now() + rest(began.elapsed(), size);
                gather_until = None;
                // What makes a batch already is applied first: a backlog stays with the broker.
                if !is_full(&ahead, self.settings.batch) {
                    event = self.source.try_next();
                }
            }
        }
    }

    /// Claims the checkpoints of our partitions, for as long as it takes.
    async fn take_over(
        &mut self,
        partitions: &[Assigned],
        stop: &CancellationToken,
    ) -> Result<(), InboxError> {
        let group = self.subscriptions.group().to_owned();
        self.claims.clear();
        let mut wait = Backoff::new(self.settings.max_backoff);
        let (claims, dead_letter_keys) = loop {
            match claim(&self.database, &group, partitions).await {
                Ok(claimed) => break claimed,
                Err(fault) => {
                    tracing::warn!(group, %fault, "the checkpoints are out of reach");
                    if !wait.pause(stop).await {
                        return Ok(());
                    }
                }
            }
        };
        for (claim, assigned) in claims.iter().zip(partitions) {
            let (next, at) = (claim.next, claim.at.clone());
            if let (Some(read), Some(now)) = (claim.topic_id, assigned.topic_id)
                && read != now
            {
                return Err(InboxError::AnotherTopic {
                    group,
                    at,
                    next,
                    read,
                    now,
                });
            }
            if next < assigned.low {
                return Err(InboxError::Lost {
                    group,
                    at,
                    next,
                    low: assigned.low,
                });
            }
            // The end was read before the checkpoint, and between the two the topic may have
            // grown and another owner have worked on. Only an end that was read after the
            // checkpoint is proof; the first ones told may have been on their way already.
            let known = self.known.get(&at).copied().unwrap_or(i64::MIN);
            if next > assigned.high && known > assigned.high && self.end_retries >= MAX_END_RETRIES
            {
                return Err(InboxError::Ahead {
                    group,
                    at,
                    next,
                    high: assigned.high,
                });
            }
        }
        let grown = claims.iter().zip(partitions).any(|(c, p)| c.next > p.high);
        self.known = claims.iter().map(|c| (c.at.clone(), c.next)).collect();
        self.end_retries = if grown { self.end_retries + 1 } else { 0 };
        if grown {
            tracing::debug!(group, "the ends of the partitions are asked for again");
            self.begin_again(stop).await;
            return Ok(());
        }
        self.source.begin(&claims);
        tracing::debug!(group, partitions = claims.len(), "partitions taken over");
        self.claims = claims
            .into_iter()
            .map(|claim| (claim.at.clone(), claim))
            .collect();
        self.dead_letter_keys = dead_letter_keys;
        Ok(())
    }

    /// Applies the records, for as long as it takes, unless they are not ours any more.
    async fn apply(&mut self, records: Vec<Record>, stop: &CancellationToken) {
        let mut queue = vec![self.ours(records)];
        while let Some(records) = queue.pop() {
            if records.is_empty() {
                continue;
            }
            let mut wait = Backoff::new(self.settings.max_backoff);
            let group = self.subscriptions.group();
            let mut spans = BatchSpans::begin(Step::Process, group, &records);
            loop {
                match self.attempt(&records, &spans).await {
                    Ok(()) => break,
                    Err(fault) if fault.kind() == ErrorKind::Fenced => {
                        tracing::info!(group = self.subscriptions.group(), %fault, "fenced");
                        spans.failed(&fault);
                        self.begin_again(stop).await;
                        return;
                    }
                    Err(fault) if fault.kind() == ErrorKind::Permanent && records.len() > 1 => {
                        // One of them is the cause. Alone, it can be identified.
                        spans.failed(&fault);
                        queue.extend(records.iter().rev().map(|record| vec![record.clone()]));
                        break;
                    }
                    Err(fault) => {
                        self.metrics.retried();
                        spans.tried_again(&fault);
                        let group = self.subscriptions.group();
                        tracing::warn!(group, %fault, "the batch is retried");
                        if !wait.pause(stop).await {
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Begins again when a replay has put one of our checkpoints back.
    ///
    /// A checkpoint that only has another epoch is left alone: its new owner is at work, and
    /// claiming it would take it from them.
    async fn look(&mut self, stop: &CancellationToken) {
        let group = self.subscriptions.group();
        let put_back =
            self.idle_checks
                .is_put_back(&self.database, group, &self.claims, &self.metrics);
        let looking = stop.run_until_cancelled(put_back).await;
        match looking {
            Some(Ok(true)) => {
                tracing::info!(group, "a checkpoint was rewound; continuing from there");
                self.begin_again(stop).await;
            }
            Some(Err(fault)) => {
                tracing::debug!(group, %fault, "the checkpoints are out of reach");
            }
            Some(Ok(false)) | None => {}
        }
    }

    /// Gives the claims up and asks for the partitions again.
    async fn begin_again(&mut self, stop: &CancellationToken) {
        self.claims.clear();
        // Someone else may be the owner by now, and we the last to know: claiming at once
        // would take it from them again.
        self.fenced_backoff.pause(stop).await;
        self.source.restart();
    }

    /// Without those that were fetched before the present claim.
    fn ours(&self, records: Vec<Record>) -> Vec<Record> {
        let mut next: HashMap<TopicPartition, i64> = HashMap::new();
        records
            .into_iter()
            .filter(|record| {
                let Some(claim) = self.claims.get(&record.at) else {
                    return false;
                };
                let expected = next.entry(record.at.clone()).or_insert(claim.next);
                let fits = record.offset >= *expected;
                if fits {
                    *expected = record.offset + 1;
                }
                fits
            })
            .collect()
    }

    async fn attempt(&mut self, records: &[Record], spans: &BatchSpans) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut batch = Batch::new(
            &self.database,
            &self.subscriptions,
            &self.service,
            self.clock.as_ref(),
            &self.claims,
            &self.dead_letter_keys,
            records,
            spans,
        );
        let mut done = transact(&self.database, &mut batch).await?;
        done.on_commit.drain(..).for_each(|act| act());
        for step in &done.steps {
            if let Some(claim) = self.claims.get_mut(&step.at) {
                claim.next = step.to;
            }
        }
        for (at, offset, key) in &done.tombstones {
            tracing::warn!(%at, offset, key, "a record without a value is passed over");
        }
        for dead_letter in &done.dead_lettered {
            tracing::error!(
                group = dead_letter.group, at = %dead_letter.record.at, offset = dead_letter.record.offset,
                key = dead_letter.record.key, reason = dead_letter.reason, "a message is dead-lettered"
            );
            if let Some(key) = dead_letter.record.key.clone() {
                let keys = self
                    .dead_letter_keys
                    .entry(dead_letter.record.at.clone())
                    .or_default();
                let first = keys.entry(key).or_insert(dead_letter.record.offset);
                *first = dead_letter.record.offset.min(*first);
            }
        }
        if !done.dead_lettered.is_empty() {
            self.idle_checks.count_soon();
        }
        self.fenced_backoff = Backoff::new(self.settings.max_backoff);
        self.metrics
            .applied(records, &done, began.elapsed(), self.clock.now());
        let progress: Vec<(TopicPartition, i64)> = done
            .steps
            .into_iter()
            .map(|step| (step.at, step.to))
            .collect();
        self.source.report(&progress);
        Ok(())
    }
}

/// Takes the partitions over, and says which of their keys wait behind a dead letter.
async fn claim<D: InboxStore>(
    database: &D,
    group: &str,
    partitions: &[Assigned],
) -> Result<(Vec<Claim>, DeadLetterKeys), StoreError> {
    let claims = database.claim(group, partitions).await?;
    let places: Vec<TopicPartition> = partitions
        .iter()
        .map(|assigned| assigned.at.clone())
        .collect();
    // After the claim: from here on nobody else dead-letters anything of these partitions.
    let dead_letter_keys = database.dead_letter_keys(group, &places).await?;
    Ok((claims, dead_letter_keys))
}
