//! A service's whole part in the exchange of events, begun and ended in the right order.
//!
//! To begin: a database that is whole, tables and topics, for as long as it takes; then what the
//! database may have forgotten of the service's own events ([`recovery`](crate::recovery)); then
//! the relay, the inbox and the jobs. While a restore of the database is not finished, nothing is
//! written to it, by whatever command ([`MongoDatabase::whole`]). To end: the inbox finishes its
//! batch and leaves the group, and the jobs that run are brought to their end; the relay stays
//! until nobody writes to the outbox any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::error::StoreError;
use crate::handler::Subscriptions;
use crate::inbox::{Inbox, InboxError, InboxSettings};
use crate::jobs::{DuplicateJob, JobRunner, JobSettings, Jobs};
use crate::kafka::{
    KafkaAdmin, KafkaError, KafkaOptions, KafkaPublisher, KafkaSource, TopicReader, TopicSpec,
};
use crate::mongo::MongoDatabase;
use crate::recovery::{Recover, Recovery, RecoveryError};
use crate::relay::{Relay, RelaySettings};

/// Relay, inbox and jobs of one service, on MongoDB and Kafka.
pub struct Messaging {
    service: &'static str,
    database: MongoDatabase,
    kafka: KafkaOptions,
    publisher: KafkaPublisher,
    topics: Vec<TopicSpec>,
    clock: Arc<dyn Clock>,
    readiness: Readiness,
    batch: usize,
    recovery: Option<Recovery>,
    jobs: Option<JobRunner<MongoDatabase>>,
}

/// How long the broker is waited for while a service reads its own events; then it begins again.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a service's messages stopped for good.
#[derive(Debug, Error)]
pub enum MessagingError {
    /// A setting that Kafka's client refuses.
    #[error("the settings for Kafka can't be used: {0}")]
    Kafka(#[from] KafkaError),
    /// Going on would lose or invent events.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// The service's own events can't be recovered, or the database was replaced meanwhile.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
}

/// Whether what messages need is there; cheap to clone, for health checks.
#[derive(Clone)]
pub struct Readiness {
    database: MongoDatabase,
    admin: KafkaAdmin,
    tables: Arc<watch::Sender<bool>>,
    topics: Arc<AtomicBool>,
    recovered: Arc<AtomicBool>,
}

impl Readiness {
    /// Whether the tables are made.
    pub fn has_tables(&self) -> bool {
        *self.tables.borrow()
    }

    /// Comes back when the tables are made.
    pub async fn tables_made(&self) {
        // It is never closed while this holds it.
        let _ = self.tables.subscribe().wait_for(|made| *made).await;
    }

    /// Whether the tables are made and hold all that the service has published.
    pub fn is_up_to_date(&self) -> bool {
        self.has_tables() && self.recovered.load(Ordering::Acquire)
    }

    /// Whether MongoDB answers, the database is whole and its tables are made; otherwise what is
    /// wrong.
    ///
    /// # Errors
    /// A text for an operator.
    pub async fn check_database(&self) -> Result<(), String> {
        self.database
            .ping()
            .await
            .map_err(|fault| fault.to_string())?;
        if self.has_tables() {
            return Ok(());
        }
        self.database
            .whole()
            .await
            .map_err(|fault| fault.to_string())?;
        Err("the collections are not created yet".to_owned())
    }

    /// Whether Kafka answers, the topics are made, and the service has recovered what it published in
    /// them; otherwise what is wrong.
    ///
    /// # Errors
    /// A text for an operator.
    pub async fn check_broker(&self) -> Result<(), String> {
        self.admin.ping().await.map_err(|fault| fault.to_string())?;
        if !self.topics.load(Ordering::Acquire) {
            return Err("the topics are not created yet".to_owned());
        }
        let recovered = self.recovered.load(Ordering::Acquire);
        recovered
            .then_some(())
            .ok_or_else(|| "the service's own events are not recovered yet".to_owned())
    }
}

impl Messaging {
    /// Messages of `service`, which is also its consumer group and its relay's shard. `topics` are
    /// those that it writes, reads and dead-letters on. Nothing is contacted yet; from here on no
    /// clone of `database` opens a transaction before the database was seen to be whole.
    ///
    /// # Errors
    /// When a setting is not one of Kafka's.
    pub fn new(
        service: &'static str,
        database: MongoDatabase,
        kafka: KafkaOptions,
        topics: Vec<TopicSpec>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KafkaError> {
        let (admin, publisher) = (KafkaAdmin::new(&kafka)?, KafkaPublisher::new(&kafka)?);
        database.require_restore_check();
        let readiness = Readiness {
            database: database.clone(),
            admin,
            tables: Arc::default(),
            topics: Arc::default(),
            recovered: Arc::default(),
        };
        Ok(Self {
            service,
            database,
            kafka,
            publisher,
            topics,
            clock,
            readiness,
            batch: InboxSettings::default().batch,
            recovery: None,
            jobs: None,
        })
    }

    /// Puts at most `batch` messages into one transaction, and as many outbox records into
    /// one round; at least one.
    #[must_use]
    pub fn with_batch(mut self, batch: usize) -> Self {
        self.batch = batch.max(1);
        self
    }

    /// Lets `target` put back what the database may lack of the service's own events, before
    /// anything else is done.
    ///
    /// # Errors
    /// When a setting is not one of Kafka's.
    pub fn with_recovery(mut self, target: Arc<dyn Recover>) -> Result<Self, KafkaError> {
        let reader = TopicReader::new(&self.kafka)?.with_patience(PATIENCE);
        self.recovery = Some(Recovery::new(self.service, &self.database, reader, target));
        Ok(self)
    }

    /// Runs `jobs` beside relay and inbox.
    ///
    /// # Errors
    /// When a name is registered twice.
    pub fn with_jobs(
        mut self,
        jobs: Jobs<MongoDatabase>,
        settings: JobSettings,
    ) -> Result<Self, DuplicateJob> {
        let (database, clock) = (self.database.clone(), Arc::clone(&self.clock));
        self.jobs = Some(JobRunner::new(database, jobs, clock, settings)?);
        Ok(self)
    }

    /// Whether what messages need is there, also later.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Works until `stop`, and publishes on until `written`: cancel that when the last one
    /// who may write to the outbox is gone.
    ///
    /// `prepare` makes the service's own tables; it is called until it succeeds.
    ///
    /// # Errors
    /// When a setting can't be used, a checkpoint does not fit its topic, or the service's own
    /// events can't be recovered.
    pub async fn run<P, F>(
        mut self,
        prepare: P,
        subscriptions: Subscriptions<MongoDatabase>,
        stop: CancellationToken,
        written: CancellationToken,
    ) -> Result<(), MessagingError>
    where
        P: FnMut() -> F + Send,
        F: Future<Output = Result<(), StoreError>> + Send,
    {
        if stop
            .run_until_cancelled(self.prepare(prepare))
            .await
            .is_none()
        {
            return Ok(());
        }
        let (mut recovery, runner) = (self.recovery.take(), self.jobs.take());
        if let Some(recovery) = &mut recovery {
            match stop.run_until_cancelled(recovery.recover()).await {
                Some(recovered) => recovered?,
                None => return Ok(()),
            }
        }
        self.readiness.recovered.store(true, Ordering::Release);
        let topics = subscriptions.topics();
        // Who consumes nothing is no member of a group.
        let source = (!topics.is_empty())
            .then(|| KafkaSource::subscribe(&self.kafka, self.service, topics))
            .transpose()?;
        let watched = self.database.clone();
        let relay = Relay::new(
            self.database.clone(),
            self.publisher,
            self.service,
            Arc::clone(&self.clock),
            RelaySettings {
                batch: self.batch,
                ..RelaySettings::default()
            },
        );
        let settings = InboxSettings {
            batch: self.batch,
            ..InboxSettings::default()
        };
        let (database, service, clock) = (self.database, self.service, self.clock);
        let inbox = source
            .map(|source| Inbox::new(database, source, subscriptions, service, clock, settings));
        let (ending, quiet) = (stop.child_token(), CancellationToken::new());
        let published = CancellationToken::new();
        let working = async {
            let consuming = async {
                let outcome = if let Some(inbox) = inbox {
                    inbox.run(ending.clone()).await
                } else {
                    ending.cancelled().await;
                    Ok(())
                };
                ending.cancel();
                outcome
            };
            let jobs = async {
                if let Some(runner) = runner {
                    // The relay ends before them only when nothing may be written any more.
                    let running = Box::pin(runner.run(ending.clone()));
                    published.run_until_cancelled(running).await;
                }
            };
            let (outcome, ()) = tokio::join!(consuming, jobs);
            // A fault ends the process; what was written until then is published by the next.
            if outcome.is_ok() {
                tokio::select! {
                    () = written.cancelled() => {}
                    () = published.cancelled() => {}
                }
            }
            quiet.cancel();
            outcome
        };
        let publishing = async {
            tokio::select! {
                () = relay.run(quiet.clone()) => {}
                () = watched.watch() => {}
            }
            published.cancel();
        };
        let keeping = async {
            let Some(recovery) = recovery else {
                return Ok(());
            };
            let kept = recovery.keep(published.clone()).await;
            if kept.is_err() {
                // Whatever is done on a database that went back in time makes it worse.
                published.cancel();
                ending.cancel();
                quiet.cancel();
            }
            kept
        };
        let (consumed, (), kept) = tokio::join!(working, publishing, keeping);
        consumed?;
        Ok(kept?)
    }

    async fn prepare<P, F>(&self, prepare: P)
    where
        P: FnMut() -> F + Send,
        F: Future<Output = Result<(), StoreError>> + Send,
    {
        let whole = || self.database.whole();
        let tables = async {
            retry_until_done(self.service, "tables", whole).await;
            retry_until_done(self.service, "tables", || self.database.prepare()).await;
            retry_until_done(self.service, "tables", prepare).await;
            self.readiness.tables.send_replace(true);
        };
        let topics = async {
            retry_until_done(self.service, "topics", || {
                self.readiness.admin.ensure_topics(&self.topics)
            })
            .await;
            self.readiness.topics.store(true, Ordering::Release);
        };
        tokio::join!(tables, topics);
        // Kafka may have been away for hours, and who restores meanwhile finds nobody publishing.
        retry_until_done(self.service, "tables", whole).await;
    }
}

/// Retries until it succeeds; logs the first failure and then every tenth.
async fn retry_until_done<F, E>(service: &str, what: &str, mut attempt: impl FnMut() -> F)
where
    F: Future<Output = Result<(), E>>,
    E: std::fmt::Display,
{
    let mut failures = 0_u32;
    while let Err(fault) = attempt().await {
        if failures.is_multiple_of(10) {
            tracing::warn!(service, what, %fault, "can't be created yet; retrying");
        }
        failures += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
