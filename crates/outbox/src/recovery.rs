//! Recovery: a database restored from an older backup first takes back its own published events.
//!
//! What is published is the truth: others have acted on it. A service whose database has lost
//! some of its own past would decide it once more, and differently. So before the inbox decides
//! anything, the service reads its own topics from where the database is sure to know them to
//! their ends, and a [`Recover`] puts into the database what it lacks. Usually that is nothing.
//!
//! **From where.** Whatever lies in a topic was committed before it was published. The ends of
//! the service's topics, read and then written to the database, are therefore offsets below
//! which this database knows everything, and so does every backup that holds them. They are
//! written every [`EVERY`] and at the end (`own_topics`). Without them the topics are read from
//! their beginnings, so a database of which nothing is left is made anew from the topics.
//!
//! **In which order.** Tables and topics are made; the service's events are recovered; then the relay
//! and the inbox begin. The inbox goes on at the restored checkpoint and consumes again what led to
//! the decisions; each is known by then and published again under its own id. The relay waits because
//! what a restored outbox holds is old: it must not lie behind newer events of the same key in a
//! compacted topic. A [`Recover`] publishes such events once more, and the relay sends them last.
//!
//! **What it can't do.** What was committed and not published yet when the database was lost is
//! gone. And nobody may publish in the name of the past meanwhile: every instance has to be
//! ended before its database is restored, one that is merely stopped (`SIGSTOP`) included. One
//! that runs on notices that the ends which it wrote itself have gone, and ends.

mod error;
mod position;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use tokio_util::sync::CancellationToken;

pub use self::error::RecoveryError;
use self::position::{Position, PositionStore, Positions};
use crate::checkpoint::TopicPartition;
use crate::cloudevents;
use crate::handler::decode;
use crate::kafka::TopicReader;
use crate::message::{Envelope, Event, InvalidMessage};
use crate::metric_descriptions;
use crate::mongo::MongoDatabase;
use crate::source::{Assigned, Record};

/// How often the ends of a service's topics are written down.
pub const EVERY: Duration = Duration::from_secs(10);
/// The most records that a [`Recover`] gets at once.
pub const MOST_AT_ONCE: usize = 500;
/// How long the ends are waited for when the service ends.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// How often progress is logged.
const REPORT: Duration = Duration::from_secs(5);

/// Puts a service's own events back into its database.
///
/// # Contract
/// Every method may run again, also after a part of it has run and in two instances at once:
/// what the database knows it leaves alone.
pub trait Recover: Send + Sync + 'static {
    /// The service's own topics, in the order in which they are to be read.
    fn topics(&self) -> Vec<&'static str>;

    /// Recovers `records` of one topic, each partition's in order, at most [`MOST_AT_ONCE`]; returns
    /// how many of them were new to the database. Records of other publishers are left out.
    fn recover<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<usize, RecoveryError>>;

    /// Does what can be done only once all topics are read; `topics` reads others' events that
    /// are needed for it.
    fn conclude<'a>(&'a self, topics: &'a TopicReader) -> BoxFuture<'a, Result<(), RecoveryError>>;
}

/// `record` as an `E`, when it is one.
///
/// # Errors
/// When it was published by a build that knows a newer version of `E`.
pub fn own_event<E: Event>(record: &Record) -> Result<Option<Envelope<E>>, RecoveryError> {
    if !record.is::<E>() {
        return Ok(None);
    }
    match decode::<E>(record) {
        Ok(envelope) => Ok(Some(envelope)),
        Err(fault @ InvalidMessage::UnknownVersion { .. }) => Err(RecoveryError::Impossible(
            format!("{} at offset {}: {fault}", record.at, record.offset),
        )),
        Err(fault) => {
            // The outbox never publishes such a thing: somebody else did, under this name.
            tracing::error!(at = %record.at, offset = record.offset, %fault, "not an own event; skipped");
            Ok(None)
        }
    }
}

/// The recovery of one service.
pub(crate) struct Recovery {
    service: &'static str,
    source: String,
    target: Arc<dyn Recover>,
    reader: TopicReader,
    positions: PositionStore,
}

impl Recovery {
    pub(crate) fn new(
        service: &'static str,
        database: &MongoDatabase,
        reader: TopicReader,
        target: Arc<dyn Recover>,
    ) -> Self {
        Self {
            service,
            source: cloudevents::source(service),
            target,
            reader,
            positions: PositionStore::new(service, database),
        }
    }

    /// Recovers what the database lacks, for as long as MongoDB and Kafka take.
    ///
    /// # Errors
    /// When trying again can't help.
    pub(crate) async fn recover(&mut self) -> Result<(), RecoveryError> {
        let mut failures = 0_u32;
        loop {
            match self.attempt().await {
                Err(fault) if fault.is_final() => return Err(fault),
                Err(fault) => {
                    if failures.is_multiple_of(10) {
                        tracing::warn!(service = self.service, %fault, "own events are not recovered yet; retrying");
                    }
                    failures += 1;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Ok(()) => return Ok(()),
            }
        }
    }

    async fn attempt(&mut self) -> Result<(), RecoveryError> {
        let known = self.positions.read().await?;
        let mut read = Positions::default();
        let mut recovered = 0;
        for topic in self.target.topics() {
            let ends = self.reader.ends(topic).await?;
            recovered += self.read(topic, &ends, &known).await?;
            read.extend(ends.into_iter().map(position));
        }
        self.target.conclude(&self.reader).await?;
        self.positions.write(&read).await?;
        metric_descriptions::recovery();
        metrics::counter!("recovered_events_total", "service" => self.service)
            .increment(recovered as u64);
        if recovered > 0 {
            tracing::warn!(
                service = self.service,
                events = recovered,
                "the database lacked what this service had published, as one does that was \
                 restored from a backup; it has been recovered"
            );
        }
        Ok(())
    }

    /// Reads `topic` from where it may be unknown to its end; returns how much was new.
    async fn read(
        &self,
        topic: &str,
        ends: &[Assigned],
        known: &Positions,
    ) -> Result<usize, RecoveryError> {
        let from: BTreeMap<i32, i64> = ends
            .iter()
            .map(|end| (end.at.partition, begin(end, known.get(&end.at).copied())))
            .collect();
        let to: BTreeMap<i32, i64> = ends
            .iter()
            .map(|end| (end.at.partition, end.high))
            .collect();
        let (mut seen, mut recovered, mut reported) = (0_usize, 0, Instant::now());
        let mut chunks = self
            .reader
            .read(topic, &from, &to)
            .try_ready_chunks(MOST_AT_ONCE);
        while let Some(chunk) = chunks.next().await {
            let mut records = chunk.map_err(|fault| fault.1)?;
            seen += records.len();
            records.retain(|record| record.text_header("ce_source") == Some(&self.source));
            if !records.is_empty() {
                recovered += self.target.recover(&records).await?;
            }
            if reported.elapsed() > REPORT {
                reported = Instant::now();
                tracing::info!(
                    service = self.service,
                    topic,
                    seen,
                    recovered,
                    "reading own events"
                );
            }
        }
        Ok(recovered)
    }

    /// Writes the ends down until `stop`, and once more then.
    ///
    /// # Errors
    /// [`RecoveryError::Replaced`].
    pub(crate) async fn keep(mut self, stop: CancellationToken) -> Result<(), RecoveryError> {
        while tokio::time::timeout(EVERY, stop.cancelled()).await.is_err() {
            self.position().await?;
        }
        // The next start has nothing to read then; without it, it has a little.
        tokio::time::timeout(SHUTDOWN_TIMEOUT, self.position())
            .await
            .unwrap_or(Ok(()))
    }

    async fn position(&mut self) -> Result<(), RecoveryError> {
        let written = async {
            let mut ends = Positions::default();
            for topic in self.target.topics() {
                let there = self.reader.ends(topic).await?;
                ends.extend(there.into_iter().map(position));
            }
            self.positions.write(&ends).await
        };
        match written.await {
            Err(fault @ RecoveryError::Replaced(_)) => Err(fault),
            Err(fault) => {
                tracing::debug!(service = self.service, %fault, "the ends are not written down");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

/// The end of a partition, up to which it is known from now on.
fn position(end: Assigned) -> (TopicPartition, Position) {
    let (next, topic_id) = (end.high, end.topic_id);
    (end.at, Position { next, topic_id })
}

/// Where to begin in a partition that was known up to `known`.
fn begin(end: &Assigned, known: Option<Position>) -> i64 {
    let Some(known) = known else { return end.low };
    if known.next > end.high || !end.is_of(known.topic_id) {
        // The topic was made anew or restored from an older copy itself. All that it holds is
        // read: that is slow and never wrong.
        let (at, high, known) = (&end.at, end.high, known.next);
        tracing::warn!(%at, known, high, "the topic is not the one that it was");
        return end.low;
    }
    known.next.max(end.low)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn reading_begins_where_the_database_may_not_be_complete() {
        let (this, other) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let end = Assigned {
            at: TopicPartition::new("t", 0),
            low: 10,
            high: 20,
            topic_id: this,
        };
        assert_eq!(begin(&end, None), 10);
        for (next, topic_id, from) in [
            (5, this, 10),
            (15, this, 15),
            (15, None, 15),
            (15, other, 10),
            (20, this, 20),
            (21, this, 10),
        ] {
            let known = Position { next, topic_id };
            assert_eq!(begin(&end, Some(known)), from, "{known:?}");
        }
    }
}
