//! The connection, and transactions on it.

use std::time::Duration;

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use mongodb::action::{Action, Find};
use mongodb::error::UNKNOWN_TRANSACTION_COMMIT_RESULT;
use mongodb::options::{ClientOptions, ReadConcern, WriteConcern};
use mongodb::{Client, ClientSession};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::fault::{fault, of_statement};
use super::notifier::Notifier;
use super::pool;
use super::restore_check::RestoreCheck;
use super::timeout::{TIMEOUT, WithTimeout, outcome};
use crate::error::StoreError;
use crate::jobs::change::Scheduled;
use crate::rows::{Collection, Index};
use crate::transaction::Database;
use crate::waker::Waker;

/// How to connect.
#[derive(Debug, Clone)]
pub struct MongoOptions {
    /// The most connections to hold open. The driver's own default, 10, makes group
    /// commits and handlers wait for each other.
    pub pool_size: u32,
    /// How long to look for a server before an operation fails as transient.
    pub timeout: Duration,
}

impl Default for MongoOptions {
    fn default() -> Self {
        Self {
            pool_size: 32,
            timeout: Duration::from_secs(3),
        }
    }
}

/// A service's database.
#[derive(Clone)]
pub struct MongoDatabase {
    database: mongodb::Database,
    waker: Waker,
    job_waker: Waker,
    pub(super) notifier: Notifier,
    pub(super) restore_check: RestoreCheck,
}

/// What outbox, inbox and jobs keep; [`Notifier::prepare`] makes one more.
const COLLECTIONS: [Collection; 7] = [
    Collection::new("outbox", &[]),
    Collection::new("outbox_leases", &[]),
    Collection::new("checkpoints", &[]),
    Collection::new(
        "dead_letters",
        &[Index::on(&["group", "topic", "partition", "key", "offset"])],
    ),
    Collection::new("dead_letter_actions", &[]),
    Collection::new(
        "jobs",
        &[Index::on(&["state", "at", "_id"]).only(|| doc! { "at": { "$exists": true } })],
    ),
    Collection::new("job_actions", &[]),
];

/// How often an unknown outcome of a commit is asked after before it is handed on.
const COMMIT_ATTEMPTS: u32 = 5;

impl MongoDatabase {
    /// Opens the database `name` at `uri`. Nothing is contacted yet, so the server may be
    /// down.
    ///
    /// # Errors
    /// When `uri` is not a MongoDB connection string.
    pub async fn connect(uri: &str, name: &str, options: MongoOptions) -> Result<Self, StoreError> {
        let mut client = ClientOptions::parse(uri).with_timeout().await?;
        client.max_pool_size = Some(options.pool_size);
        client.server_selection_timeout = Some(options.timeout);
        client.connect_timeout = Some(options.timeout);
        client.cmap_event_handler = Some(pool::followed(name, options.pool_size));
        client.write_concern = Some(
            WriteConcern::builder()
                .w(mongodb::options::Acknowledgment::Majority)
                .journal(true)
                .build(),
        );
        client.read_concern = Some(ReadConcern::majority());
        let database = Client::with_options(client).map_err(fault)?.database(name);
        Ok(Self {
            database,
            waker: Waker::default(),
            job_waker: Waker::default(),
            notifier: Notifier::default(),
            restore_check: RestoreCheck::default(),
        })
    }

    /// The driver's handle, for a service's own store.
    pub fn database(&self) -> &mongodb::Database {
        &self.database
    }

    pub(super) fn own_waker(&self) -> &Waker {
        &self.waker
    }

    pub(super) fn own_job_waker(&self) -> &Waker {
        &self.job_waker
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.database
            .run_command(doc! { "ping": 1 })
            .with_timeout()
            .await
            .map(drop)
    }

    /// Makes the tables of outbox, inbox and jobs. Doing it again changes nothing.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        self.notifier.prepare(&self.database).await?;
        self.prepare_collections(&COLLECTIONS).await
    }
}

/// An open transaction.
pub struct MongoTx {
    /// The driver's session; every operation of the transaction is given it.
    pub session: ClientSession,
    database: mongodb::Database,
    pub(super) appended: bool,
    pub(super) scheduled: Scheduled,
}

impl MongoTx {
    /// All documents of `collection` that `filter` matches, as this transaction sees them; of each
    /// only `fields`, if they are given as a projection.
    ///
    /// # Errors
    /// A store error, permanent when a document is not a `T`.
    pub async fn find<T: DeserializeOwned + Send + Sync>(
        &mut self,
        collection: &str,
        filter: Document,
        fields: Option<Document>,
    ) -> Result<Vec<T>, StoreError> {
        let documents = self.database.collection::<T>(collection);
        let found = documents.find(filter).optional(fields, Find::projection);
        let mut found = found.session(&mut self.session).with_timeout().await?;
        let stream = found.stream(&mut self.session);
        stream.try_collect().with_timeout().await
    }

    /// Runs many update statements in one round trip, in order, and says how many
    /// documents they matched, upserts included.
    ///
    /// Each statement is one of the `update` command's: `{q, u, upsert?, multi?}`. Servers
    /// before 8.0 have no bulk write over several collections, but this they all have.
    pub async fn update(
        &mut self,
        collection: &str,
        statements: Vec<Document>,
    ) -> Result<u64, StoreError> {
        let reply = self.run_update(collection, statements).await?;
        Ok(reply.get("n").and_then(number).unwrap_or_default())
    }

    /// Like [`update`](Self::update), and says how many documents are others than before.
    pub(super) async fn change(
        &mut self,
        collection: &str,
        statements: Vec<Document>,
    ) -> Result<u64, StoreError> {
        let reply = self.run_update(collection, statements).await?;
        Ok(reply.get("nModified").and_then(number).unwrap_or_default())
    }

    async fn run_update(
        &mut self,
        collection: &str,
        statements: Vec<Document>,
    ) -> Result<Document, StoreError> {
        if statements.is_empty() {
            return Ok(Document::new());
        }
        let command = doc! { "update": collection, "updates": statements, "ordered": true };
        let reply = self
            .database
            .run_command(command)
            .session(&mut self.session)
            .with_timeout()
            .await?;
        if let Some(Bson::Array(errors)) = reply.get("writeErrors")
            && let Some(Bson::Document(first)) = errors.first()
        {
            let code = first.get_i32("code").unwrap_or_default();
            let text = first.get_str("errmsg").unwrap_or("no message").to_owned();
            return Err(of_statement(code, text));
        }
        Ok(reply)
    }
}

fn number(value: &Bson) -> Option<u64> {
    match value {
        Bson::Int32(n) => u64::try_from(*n).ok(),
        Bson::Int64(n) => u64::try_from(*n).ok(),
        _ => None,
    }
}

impl Database for MongoDatabase {
    type Tx = MongoTx;

    async fn begin(&self) -> Result<MongoTx, StoreError> {
        self.check_restore().await?;
        let mut session = self
            .database
            .client()
            .start_session()
            .with_timeout()
            .await?;
        session
            .start_transaction()
            .read_concern(ReadConcern::snapshot())
            .with_timeout()
            .await?;
        Ok(MongoTx {
            session,
            database: self.database.clone(),
            appended: false,
            scheduled: Scheduled::default(),
        })
    }

    async fn commit(&self, mut tx: MongoTx) -> Result<(), StoreError> {
        let (mut attempt, began) = (0, Instant::now());
        loop {
            attempt += 1;
            let unknown = match outcome(TIMEOUT, tx.session.commit_transaction()).await {
                Ok(Ok(())) => break,
                Ok(Err(error)) if !error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => {
                    return Err(fault(error));
                }
                Ok(Err(error)) => fault(error),
                Err(timed_out) => timed_out,
            };
            // The commit may have happened. Asking again is safe: the server answers
            // with the outcome if it knows it.
            if attempt == COMMIT_ATTEMPTS || began.elapsed() > TIMEOUT {
                return Err(unknown);
            }
            tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
        }
        if tx.appended {
            self.waker.wake();
            self.notifier.notify(&self.database);
        }
        tx.scheduled.committed(&self.job_waker);
        Ok(())
    }

    async fn abort(&self, mut tx: MongoTx) {
        // A failed abort leaves the transaction to the server's own time limit.
        if let Err(error) = tx.session.abort_transaction().with_timeout().await {
            tracing::debug!(%error, "the transaction could not be aborted");
        }
    }
}
