//! How far a migration of the data of older builds has come.

use bson::{DateTime, Document, doc};
use uuid::Uuid;

use super::database::{MongoDatabase, MongoTx};
use super::timeout::WithTimeout;
use crate::clock::{Clock, SystemClock};
use crate::error::{ErrorKind, StoreError};
use crate::message::Message;
use crate::outbox::{OutboxRecord, OutboxStore};
use crate::transaction::{Work, transact};

const MIGRATIONS: &str = "migrations";

/// Where a migration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    /// It was not begun.
    New,
    /// It goes on after this document.
    After(Uuid),
    /// It is done.
    Done,
}

impl MongoDatabase {
    /// Where the migration `name` is.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn migration(&self, name: &str) -> Result<MigrationState, StoreError> {
        let collection = self.database().collection::<Document>(MIGRATIONS);
        let one = collection.find_one(doc! { "_id": name });
        state(one.with_timeout().await?.as_ref())
    }

    /// Notes that the migration `name` has nothing to do, unless it was begun.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn skip_migration(&self, name: &str) -> Result<(), StoreError> {
        let collection = self.database().collection::<Document>(MIGRATIONS);
        let done = doc! { "$setOnInsert": { "done_at": DateTime::now() } };
        let skip = collection
            .update_one(doc! { "_id": name }, done)
            .upsert(true);
        skip.with_timeout().await.map(drop)
    }

    /// Takes every migration for one that was not begun.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn forget_migrations(&self) -> Result<(), StoreError> {
        let collection = self.database().collection::<Document>(MIGRATIONS);
        let all = collection.delete_many(doc! {});
        all.with_timeout().await.map(drop)
    }

    /// Writes `messages` into the outbox and that the migration `name`, which was in the state `from`, is
    /// in the state `to` now.
    ///
    /// # Errors
    /// [`Fenced`](ErrorKind::Fenced) when it is in another state, because somebody else does the same; or
    /// when the database is away.
    pub async fn migrate(
        &self,
        name: &str,
        from: MigrationState,
        to: MigrationState,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        let mut work = WritePage {
            database: self,
            name,
            from,
            to,
            messages,
        };
        transact(self, &mut work).await
    }
}

/// Where the migration is whose document `stored` is.
fn state(stored: Option<&Document>) -> Result<MigrationState, StoreError> {
    let Some(stored) = stored else {
        return Ok(MigrationState::New);
    };
    let Some(after) = stored.get("after") else {
        return Ok(MigrationState::Done);
    };
    let after: Result<bson::Uuid, _> = bson::deserialize_from_bson(after.clone());
    after
        .map(|after| MigrationState::After(after.into()))
        .map_err(StoreError::permanent)
}

struct WritePage<'a> {
    database: &'a MongoDatabase,
    name: &'a str,
    from: MigrationState,
    to: MigrationState,
    messages: &'a [Message],
}

impl Work<MongoDatabase> for WritePage<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let found: Vec<Document> = tx.find(MIGRATIONS, doc! { "_id": self.name }, None).await?;
        if state(found.first())? != self.from {
            let name = self.name;
            let other = format!("{name} is done by somebody else");
            return Err(StoreError::new(ErrorKind::Fenced, other));
        }
        let now = if let MigrationState::After(after) = self.to {
            doc! { "after": bson::Uuid::from(after) }
        } else {
            doc! { "done_at": DateTime::now() }
        };
        let step = doc! { "q": { "_id": self.name }, "u": now, "upsert": true };
        tx.update(MIGRATIONS, vec![step]).await?;
        if self.messages.is_empty() {
            return Ok(());
        }
        let record = OutboxRecord {
            id: SystemClock.uuid(),
            written_at: SystemClock.now(),
            messages: self.messages.to_vec(),
        };
        self.database.append(tx, &record).await
    }
}
