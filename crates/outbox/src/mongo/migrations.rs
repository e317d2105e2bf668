//! How far a migration of the data of older builds has come.

use bson::{DateTime, Document, doc};
use uuid::Uuid;

use super::database::{MongoDatabase, MongoTx};
use super::timeout::WithTimeout;
use crate::clock::{Clock, SystemClock};
use crate::error::StoreError;
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
        let Some(found) = one.with_timeout().await? else {
            return Ok(MigrationState::New);
        };
        match found
            .get("after")
            .map(|after| bson::deserialize_from_bson::<bson::Uuid>(after.clone()))
        {
            Some(Ok(after)) => Ok(MigrationState::After(after.into())),
            Some(Err(error)) => Err(StoreError::permanent(error)),
            None => Ok(MigrationState::Done),
        }
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
    /// A conflict when it is in another state, because somebody else does the same; or when the database
    /// is away.
    pub async fn migrate(
        &self,
        name: &str,
        from: MigrationState,
        to: MigrationState,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        let mut work = WritePart {
            database: self,
            name,
            from,
            to,
            messages,
        };
        transact(self, &mut work).await
    }
}

struct WritePart<'a> {
    database: &'a MongoDatabase,
    name: &'a str,
    from: MigrationState,
    to: MigrationState,
    messages: &'a [Message],
}

impl Work<MongoDatabase> for WritePart<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let name = self.name;
        let set = if let MigrationState::After(after) = self.to {
            doc! { "$set": { "after": bson::Uuid::from(after) } }
        } else {
            doc! { "$set": { "done_at": DateTime::now() }, "$unset": { "after": "" } }
        };
        let step = if let MigrationState::After(after) = self.from {
            doc! { "q": { "_id": name, "after": bson::Uuid::from(after) }, "u": set }
        } else {
            // One that was begun meanwhile is no match, and its id is taken.
            let none = doc! { "$exists": false };
            let new = doc! { "_id": name, "after": none.clone(), "done_at": none };
            doc! { "q": new, "u": set, "upsert": true }
        };
        if tx.update(MIGRATIONS, vec![step]).await? == 0 {
            return Err(StoreError::conflict(format!(
                "{name} is done by somebody else"
            )));
        }
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
