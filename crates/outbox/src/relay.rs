//! Carries messages from the outbox to the broker.
//!
//! The table is the truth: each round reads, at one snapshot, the records that are not
//! deleted yet, publishes them, and deletes them once the broker has confirmed. It never
//! remembers a position, because ids do not become visible in the order in which they
//! were drawn, and a position would step over a record that is committed late.

mod metrics;
mod order;
mod sweeping;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::metrics::RelayMetrics;
use self::order::in_order;
use self::sweeping::Sweeping;
use crate::clock::Clock;
use crate::error::StoreError;
use crate::message::Message;
use crate::outbox::{OutboxRecord, OutboxStore};
use crate::pacing::rest;
use crate::publisher::Publisher;
use crate::trace::{BatchSpans, Step};

/// How a relay works.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// The most records to publish in one round.
    pub batch: usize,
    /// How often to poll the table without being woken: the last resort.
    pub poll: Duration,
    /// How long a lease holds without being renewed, and so how long the shard stands
    /// still after its relay was killed.
    pub lease: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            batch: 256,
            poll: Duration::from_secs(1),
            lease: Duration::from_secs(3),
        }
    }
}

/// Publishes one shard's records. Several instances may run it: the one with the lease works.
pub struct Relay<D, P> {
    database: D,
    publisher: P,
    shard: String,
    holder: Uuid,
    clock: Arc<dyn Clock>,
    settings: RelaySettings,
    metrics: RelayMetrics,
}

/// What a relay keeps while it holds the lease.
struct Shift {
    /// Until when, by our own clock, counted from before we asked.
    until: Instant,
    /// When the backlog was last measured.
    measured: Option<Instant>,
    sweeping: Sweeping,
}

/// How long a relay that is told to stop waits for a broker that is away.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

impl<D: OutboxStore, P: Publisher> Relay<D, P> {
    /// A relay for the shard `shard`, by default the service's name.
    pub fn new(
        database: D,
        publisher: P,
        shard: impl Into<String>,
        clock: Arc<dyn Clock>,
        settings: RelaySettings,
    ) -> Self {
        let holder = clock.uuid();
        let shard = shard.into();
        Self {
            database,
            publisher,
            metrics: RelayMetrics::new(&shard),
            shard,
            holder,
            clock,
            settings,
        }
    }

    /// Works until `stop`. What is in the table then is published and deleted first, unless
    /// the broker is away, and the lease given back.
    pub async fn run(self, stop: CancellationToken) {
        let watching = self.watch(stop.clone());
        let working = async {
            while !stop.is_cancelled() {
                if let Err(fault) = self.shift(&stop).await {
                    self.metrics.fault();
                    tracing::warn!(shard = %self.shard, %fault, "the relay restarts");
                    pause(&stop, Duration::from_millis(200)).await;
                }
            }
            if let Err(fault) = self.database.release(&self.shard, self.holder).await {
                tracing::debug!(shard = %self.shard, %fault, "the lease was not released; it expires");
            }
        };
        tokio::join!(watching, working);
    }

    /// Wakes ourselves when another instance has written.
    async fn watch(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let changed = tokio::select! {
                biased;
                changed = self.database.changed_elsewhere() => changed,
                () = stop.cancelled() => return,
            };
            match changed {
                Ok(()) => self.database.waker().wake(),
                Err(fault) => {
                    tracing::debug!(shard = %self.shard, %fault, "notifications of other instances are not received");
                    pause(&stop, self.settings.poll).await;
                }
            }
        }
    }

    /// From taking the lease to losing it, to a fault, or to the end.
    async fn shift(&self, stop: &CancellationToken) -> Result<(), RelayFault> {
        let Some(until) = self.renew().await? else {
            self.metrics.stands_by();
            pause(stop, self.settings.lease / 3).await;
            return Ok(());
        };
        tracing::debug!(shard = %self.shard, "this relay publishes");
        let mut shift = Shift {
            until,
            measured: None,
            sweeping: Sweeping::default(),
        };
        let waker = self.database.waker();
        while !stop.is_cancelled() {
            if !self.keep(&mut shift).await? {
                return Ok(shift.sweeping.finish(&self.database).await?);
            }
            let began = Instant::now();
            let round = self.round(&mut shift, stop).await?;
            shift
                .sweeping
                .go_on(&self.database, self.settings.batch)
                .await?;
            if round.full {
                continue;
            }
            if round.messages > 0 {
                pause(stop, rest(began.elapsed(), round.messages)).await;
            }
            let sweep = shift.sweeping.due().unwrap_or_else(|| began + self.tick());
            tokio::select! {
                biased;
                () = waker.woken() => {}
                () = tokio::time::sleep_until(sweep.min(began + self.tick())) => {}
                () = stop.cancelled() => {}
            }
        }
        self.last_rounds(&mut shift, stop).await?;
        Ok(shift.sweeping.finish(&self.database).await?)
    }

    /// Publishes what is left, so that it does not wait for the next start.
    async fn last_rounds(
        &self,
        shift: &mut Shift,
        stop: &CancellationToken,
    ) -> Result<(), RelayFault> {
        let rounds = async {
            while self.keep(shift).await? && self.round(shift, stop).await?.messages > 0 {}
            Ok(())
        };
        match tokio::time::timeout(SHUTDOWN_TIMEOUT, rounds).await {
            Ok(done) => done,
            Err(_) => Err(RelayFault::Stopped),
        }
    }

    /// How long to stay away from the lease and the table at most.
    fn tick(&self) -> Duration {
        self.settings.poll.min(self.settings.lease / 3)
    }

    /// Renews the lease and measures the backlog when it is time; `false` when another
    /// relay has the lease.
    async fn keep(&self, shift: &mut Shift) -> Result<bool, StoreError> {
        if !self.keep_lease(shift).await? {
            return Ok(false);
        }
        let now = Instant::now();
        if shift
            .measured
            .is_none_or(|last| now.duration_since(last) >= self.settings.poll)
        {
            shift.measured = Some(now);
            self.measure().await?;
        }
        Ok(true)
    }

    /// Renews the lease when it is time; `false` when another relay has it.
    async fn keep_lease(&self, shift: &mut Shift) -> Result<bool, StoreError> {
        let left = shift.until.saturating_duration_since(Instant::now());
        if left < self.settings.lease * 2 / 3 {
            match self.renew().await? {
                Some(until) => shift.until = until,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn renew(&self) -> Result<Option<Instant>, StoreError> {
        let asked = Instant::now();
        let lease = self
            .database
            .lease(&self.shard, self.holder, self.settings.lease)
            .await?;
        if let Some(lease) = &lease {
            self.metrics.holds(lease);
        }
        Ok(lease.map(|_| asked + self.settings.lease))
    }

    /// Publishes what is there; says how much that was.
    async fn round(
        &self,
        shift: &mut Shift,
        stop: &CancellationToken,
    ) -> Result<Round, RelayFault> {
        let records = self.pending(shift).await?;
        if records.is_empty() {
            return Ok(Round::default());
        }
        if !self.keep_lease(shift).await? {
            return Err(RelayFault::Overtaken);
        }
        let full = records.len() == self.settings.batch;
        let ids: Vec<Uuid> = records.iter().map(|record| record.id).collect();
        let messages = in_order(records);
        let mut spans = BatchSpans::begin(Step::Publish, &self.shard, &messages);
        let began = Instant::now();
        if let Err(fault) = self.publish(shift, &messages, stop).await {
            spans.failed(&fault);
            return Err(fault);
        }
        drop(spans);
        self.metrics.published(messages.len(), began.elapsed());
        shift.sweeping.add(ids);
        Ok(Round {
            full,
            messages: messages.len(),
        })
    }

    /// Reads what waits, with the lease held meanwhile: of a cold table that may take longer than a
    /// lease lasts.
    async fn pending(&self, shift: &mut Shift) -> Result<Vec<OutboxRecord>, RelayFault> {
        let passed_over = shift.sweeping.passed_over();
        let mut reading = std::pin::pin!(self.database.pending(self.settings.batch, &passed_over));
        loop {
            let keeping = async {
                tokio::time::sleep(self.tick()).await;
                self.keep_lease(shift).await
            };
            tokio::select! {
                biased;
                records = &mut reading => return Ok(records?),
                kept = keeping => if !kept? {
                    return Err(RelayFault::Overtaken);
                },
            }
        }
    }

    /// Waits for the broker for as long as it is away, with the lease held meanwhile and
    /// the backlog measured: that is when someone looks at it. Where the lease can't be renewed,
    /// nothing is sent from a while before its end on: another relay may have it then.
    async fn publish(
        &self,
        shift: &mut Shift,
        messages: &[Message],
        stop: &CancellationToken,
    ) -> Result<(), RelayFault> {
        let mut publishing = std::pin::pin!(self.publisher.publish(messages));
        let mut farewell = std::pin::pin!(async {
            stop.cancelled().await;
            tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
        });
        // A server that answers neither must not keep us from looking at the lease.
        let mut measuring = std::pin::pin!(async {
            loop {
                tokio::time::sleep(self.settings.poll).await;
                if let Err(fault) = self.measure().await {
                    tracing::debug!(shard = %self.shard, %fault, "the backlog is not measured");
                }
            }
        });
        loop {
            let last_moment = shift.until - self.settings.lease / 6;
            let keeping = async {
                tokio::time::sleep(self.tick()).await;
                self.keep_lease(shift).await
            };
            tokio::select! {
                biased;
                // First, so that nothing is begun after it.
                () = tokio::time::sleep_until(last_moment) => return Err(RelayFault::Expired),
                done = &mut publishing => return Ok(done?),
                () = &mut farewell => return Err(RelayFault::Stopped),
                kept = keeping => match kept {
                    Ok(true) => {}
                    Ok(false) => return Err(RelayFault::Overtaken),
                    Err(fault) => {
                        tracing::debug!(shard = %self.shard, %fault, "the lease is not renewed");
                    }
                },
                () = &mut measuring => {}
            }
        }
    }

    async fn measure(&self) -> Result<(), StoreError> {
        let backlog = self.database.backlog().await?;
        let age = backlog.oldest.map_or(0.0, |oldest| {
            self.clock
                .now()
                .duration_since(oldest)
                .as_secs_f64()
                .max(0.0)
        });
        self.metrics.waits(&backlog, age);
        Ok(())
    }
}

/// What a round did.
#[derive(Default)]
struct Round {
    /// There may be more right now.
    full: bool,
    messages: usize,
}

/// Why a shift ended early. Nothing is lost: what was not deleted is published again.
#[derive(Debug, thiserror::Error)]
enum RelayFault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the broker did not accept all messages: {0}")]
    Publish(#[from] crate::publisher::PublishError),
    #[error("another relay took the lease while this one was at work")]
    Overtaken,
    #[error("the lease could not be renewed in time; another relay may have it")]
    Expired,
    #[error("the broker did not confirm before the shutdown; the outbox keeps it")]
    Stopped,
}

/// Waits for `time`, or until `stop`.
async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
