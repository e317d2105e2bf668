//! What is done once with the data of older builds.

use futures::future::BoxFuture;
use outbox::mongo::{MigrationState, MongoDatabase};
use outbox::{ErrorKind, Message, StoreError};
use uuid::Uuid;

/// A part of a migration, which one transaction writes.
pub struct Part {
    /// What is published.
    pub messages: Vec<Message>,
    /// The document after which the next part begins; `None` when this was the last part.
    pub next: Option<Uuid>,
}

/// A migration as a service declares it.
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) part: Box<MakePart>,
}

type MakePart = dyn Fn(MongoDatabase, Option<Uuid>) -> BoxFuture<'static, Result<Part, StoreError>>
    + Send
    + Sync;

/// What a migration has done; nothing when it was done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
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
) -> Result<Vec<Migrated>, StoreError> {
    let mut all = Vec::new();
    for Migration { name, part } in migrations {
        let mut events = 0;
        loop {
            let from = database.migration(name).await?;
            let part = match from {
                MigrationState::New => part(database.clone(), None).await?,
                MigrationState::After(last) => part(database.clone(), Some(last)).await?,
                MigrationState::Done => break,
            };
            let to = part
                .next
                .map_or(MigrationState::Done, MigrationState::After);
            match database.migrate(name, from, to, &part.messages).await {
                Err(fault) if fault.kind() == ErrorKind::Conflict => continue,
                written => written?,
            }
            events += part.messages.len();
        }
        all.push(Migrated { name, events });
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
    for Migration { name, part } in migrations {
        if database.migration(name).await? == MigrationState::New {
            let part = part(database.clone(), None).await?;
            if part.messages.is_empty() && part.next.is_none() {
                database.skip_migration(name).await?;
            }
        }
    }
    Ok(())
}
