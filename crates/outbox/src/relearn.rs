//! A database that was restored from an older backup first learns again what it has said.
//!
//! What is published is the truth: others have acted on it. A service whose database has lost
//! some of its own past would decide it once more, and differently. So before the inbox decides
//! anything, the service reads its own topics from where the database is sure to know them to
//! their ends, and a [`Relearn`] puts into the database what it lacks. Usually that is nothing.
//!
//! **From where.** Whatever lies in a topic was committed before it was published. The ends of
//! the service's topics, read and then written to the database, are therefore offsets below
//! which this database knows everything, and so does every backup that holds them. They are
//! written every [`EVERY`] and at the end (`own_topics`). Without them the topics are read from
//! their beginnings, so a database of which nothing is left is made anew from the topics.
//!
//! **In which order.** Tables and topics are made; the service's past is learned; then the relay
//! and the inbox begin. The inbox goes on at the restored checkpoint and hears again what led to
//! the decisions; each is known by then and said again under its own id. The relay waits because
//! what a restored outbox holds is old: it must not lie behind newer news of the same key in a
//! compacted topic. A [`Relearn`] says such news once more, and the relay sends them last.
//!
//! **What it can't do.** What was committed and not published yet when the database was lost is
//! gone. And nobody may publish in the name of the past meanwhile: every instance has to be
//! ended before its database is restored, one that is merely stopped (`SIGSTOP`) included. One
//! that runs on notices that the ends which it wrote itself have gone, and ends.

mod mark;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use self::mark::{Mark, Marks};
use crate::cloudevents;
use crate::describe;
use crate::error::{ErrorKind, StoreError};
use crate::handler::text_header;
use crate::kafka::{TopicError, TopicReader};
use crate::mongo::MongoDatabase;
use crate::source::{Assigned, Record};

/// How often the ends of a service's topics are written down.
pub const EVERY: Duration = Duration::from_secs(10);
/// The most records that a [`Relearn`] gets at once.
pub const MOST_AT_ONCE: usize = 500;
/// How long the ends are waited for when the service ends.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often progress is logged.
const REPORT: Duration = Duration::from_secs(5);

/// Puts a service's own events back into its database.
///
/// # Contract
/// Every method may run again, also after a part of it has run and in two instances at once:
/// what the database knows it leaves alone.
pub trait Relearn: Send + Sync + 'static {
    /// The service's own topics, in the order in which they are to be read.
    fn topics(&self) -> Vec<&'static str>;

    /// Learns `records` of one topic, each partition's in order, at most [`MOST_AT_ONCE`]; says
    /// how many of them were news to the database. Records of other publishers are left out.
    fn learn<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<usize, RelearnError>>;

    /// Does what can be done only once all topics are read; `topics` reads others' events that
    /// are needed for it.
    fn conclude<'a>(&'a self, topics: &'a TopicReader) -> BoxFuture<'a, Result<(), RelearnError>>;
}

/// Why a service's past could not be learned.
#[derive(Debug, Error)]
pub enum RelearnError {
    /// The database is away or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A topic can't be read.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// Something that was said does not fit what is there: a person has to look at it.
    #[error("what this service has published can't be learned again: {0}")]
    Impossible(String),
    /// The database has been replaced by an older one under the running service.
    #[error(
        "the database of {0} is older than it was: it was restored while the service ran. End \
         every instance and start again; it then learns first what it has published"
    )]
    Replaced(String),
}

impl RelearnError {
    /// Whether trying again can't help.
    fn is_final(&self) -> bool {
        match self {
            Self::Store(fault) => fault.kind() == ErrorKind::Permanent,
            Self::Topic(_) => false,
            Self::Impossible(_) | Self::Replaced(_) => true,
        }
    }
}

/// The past of one service.
pub(crate) struct Past {
    service: &'static str,
    source: String,
    learner: Arc<dyn Relearn>,
    reader: TopicReader,
    marks: Marks,
}

impl Past {
    pub(crate) fn new(
        service: &'static str,
        database: &MongoDatabase,
        reader: TopicReader,
        learner: Arc<dyn Relearn>,
    ) -> Self {
        Self {
            service,
            source: cloudevents::source(service),
            learner,
            reader,
            marks: Marks::new(service, database),
        }
    }

    /// Learns what the database lacks, for as long as MongoDB and Kafka take.
    ///
    /// # Errors
    /// When trying again can't help.
    pub(crate) async fn learn(&mut self) -> Result<(), RelearnError> {
        let mut failures = 0_u32;
        loop {
            match self.attempt().await {
                Err(fault) if fault.is_final() => return Err(fault),
                Err(fault) => {
                    if failures.is_multiple_of(10) {
                        tracing::warn!(service = self.service, %fault, "own events are not read yet; trying on");
                    }
                    failures += 1;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Ok(()) => return Ok(()),
            }
        }
    }

    async fn attempt(&mut self) -> Result<(), RelearnError> {
        let known = self.marks.read().await?;
        let mut read = Mark::default();
        let mut news = 0;
        for topic in self.learner.topics() {
            let ends = self.reader.ends(topic).await?;
            news += self.read(topic, &ends, &known).await?;
            read.extend(ends.into_iter().map(|end| (end.at, end.high)));
        }
        self.learner.conclude(&self.reader).await?;
        self.marks.write(&read).await?;
        describe::relearning();
        metrics::counter!("relearned_total", "service" => self.service).increment(news as u64);
        if news > 0 {
            tracing::warn!(
                service = self.service,
                events = news,
                "the database lacked what this service had published, as one does that was \
                 restored from a backup; it has learned it again"
            );
        }
        Ok(())
    }

    /// Reads `topic` from where it may be unknown to its end; says how much was news.
    async fn read(
        &self,
        topic: &str,
        ends: &[Assigned],
        known: &Mark,
    ) -> Result<usize, RelearnError> {
        let from: BTreeMap<i32, i64> = ends
            .iter()
            .map(|end| (end.at.partition, begin(end, known.get(&end.at).copied())))
            .collect();
        let to: BTreeMap<i32, i64> = ends
            .iter()
            .map(|end| (end.at.partition, end.high))
            .collect();
        let (mut seen, mut news, mut reported) = (0_usize, 0, Instant::now());
        let mut chunks = self
            .reader
            .read(topic, &from, &to)
            .try_ready_chunks(MOST_AT_ONCE);
        while let Some(chunk) = chunks.next().await {
            let mut records = chunk.map_err(|fault| fault.1)?;
            seen += records.len();
            records.retain(|record| text_header(record, "ce_source") == Some(&self.source));
            if !records.is_empty() {
                news += self.learner.learn(&records).await?;
            }
            if reported.elapsed() > REPORT {
                reported = Instant::now();
                tracing::info!(
                    service = self.service,
                    topic,
                    seen,
                    news,
                    "reading own events"
                );
            }
        }
        Ok(news)
    }

    /// Writes the ends down until `stop`, and once more then.
    ///
    /// # Errors
    /// [`RelearnError::Replaced`].
    pub(crate) async fn keep(mut self, stop: CancellationToken) -> Result<(), RelearnError> {
        while tokio::time::timeout(EVERY, stop.cancelled()).await.is_err() {
            self.mark().await?;
        }
        // The next start has nothing to read then; without it, it has a little.
        tokio::time::timeout(FAREWELL, self.mark())
            .await
            .unwrap_or(Ok(()))
    }

    async fn mark(&mut self) -> Result<(), RelearnError> {
        let marked = async {
            let mut ends = Mark::default();
            for topic in self.learner.topics() {
                let there = self.reader.ends(topic).await?;
                ends.extend(there.into_iter().map(|end| (end.at, end.high)));
            }
            self.marks.write(&ends).await
        };
        match marked.await {
            Err(fault @ RelearnError::Replaced(_)) => Err(fault),
            Err(fault) => {
                tracing::debug!(service = self.service, %fault, "the ends are not written down");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

/// Where to begin in a partition that was known up to `known`.
fn begin(end: &Assigned, known: Option<i64>) -> i64 {
    let Some(known) = known else { return end.low };
    if known > end.high {
        // The topic was made anew or restored from an older copy itself. All that it holds is
        // read: that is slow and never wrong.
        tracing::warn!(at = %end.at, known, high = end.high, "the topic is shorter than it was");
        return end.low;
    }
    known.max(end.low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::TopicPartition;

    #[test]
    fn reading_begins_where_the_database_may_not_know() {
        let end = Assigned {
            at: TopicPartition::new("t", 0),
            low: 10,
            high: 20,
        };
        for (known, from) in [
            (None, 10),
            (Some(5), 10),
            (Some(15), 15),
            (Some(20), 20),
            (Some(21), 10),
        ] {
            assert_eq!(begin(&end, known), from, "known up to {known:?}");
        }
    }
}
