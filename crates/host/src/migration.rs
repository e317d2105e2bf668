//! What is done once with the data of older builds.

use futures::future::BoxFuture;
use outbox::mongo::{MigrationState, MongoDatabase};
use outbox::{ErrorKind, Message, StoreError};
use uuid::Uuid;

/// The most documents that are read, and events that one transaction writes.
const PAGE: usize = 200;

/// A migration as a service declares it.
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) page: Box<ReadPage>,
}

type Page = Vec<(Uuid, Message)>;
type ReadPage = dyn Fn(MongoDatabase, Option<Uuid>, usize) -> BoxFuture<'static, Result<Page, StoreError>>
    + Send
    + Sync;

impl Migration {
    async fn read(
        &self,
        database: &MongoDatabase,
        after: Option<Uuid>,
    ) -> Result<Page, StoreError> {
        (self.page)(database.clone(), after, PAGE).await
    }
}

/// What was done with the data of older builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// What each migration publishes.
    pub published: Vec<Published>,
    /// What today's rules had to leave as it was, each in a sentence.
    pub kept: Vec<String>,
}

/// What a migration has done; nothing when it was done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub name: &'static str,
    /// How many events the service will publish.
    pub events: usize,
}

/// Does those of `migrations` that are not done.
///
/// # Errors
/// When MongoDB is out of reach, or a document can't be read.
pub(crate) async fn migrate(
    migrations: &[Migration],
    database: &MongoDatabase,
) -> Result<Vec<Published>, StoreError> {
    let mut all = Vec::new();
    for migration in migrations {
        let name = migration.name;
        let mut events = 0;
        loop {
            let from = database.migration(name).await?;
            let page = match from {
                MigrationState::New => migration.read(database, None).await?,
                MigrationState::After(last) => migration.read(database, Some(last)).await?,
                MigrationState::Done => break,
            };
            let last = page.last().filter(|_| page.len() == PAGE);
            let to = last.map_or(MigrationState::Done, |(id, _)| MigrationState::After(*id));
            let messages: Vec<Message> = page.into_iter().map(|(_, message)| message).collect();
            match database.migrate(name, from, to, &messages).await {
                // Somebody else does the same, and goes on from there.
                Err(fault) if fault.kind() == ErrorKind::Fenced => continue,
                written => written?,
            }
            events += messages.len();
        }
        all.push(Published { name, events });
    }
    Ok(all)
}

/// Notes the migrations that have nothing to do, as those of a new database: whatever is written from now
/// on is this build's.
///
/// # Errors
/// As for [`migrate`].
pub(crate) async fn skip_if_nothing(
    migrations: &[Migration],
    database: &MongoDatabase,
) -> Result<(), StoreError> {
    for migration in migrations {
        if database.migration(migration.name).await? == MigrationState::New
            && migration.read(database, None).await?.is_empty()
        {
            database.skip_migration(migration.name).await?;
        }
    }
    Ok(())
}
