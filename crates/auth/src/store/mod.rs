//! MongoDB, and the only place that knows it.
//!
//! | collection | `_id` | a document is |
//! |---|---|---|
//! | `accounts` | account id | e-mail (unique), role, password hash |
//! | `refresh_families` | family name | the refresh tokens of one login, as hashes; removed when it expires |
//! | `signing_keys` | `kid` | a private key and its turn; removed when its last token is over |
//!
//! **The database holds the private signing keys.** Whoever can read it can sign in everyone's
//! name: give only this service access, encrypt its volumes and backups, or keep the keys out
//! of it with `QUADRILLE_AUTH_SIGNING_KEY_FILE`.
//!
//! **A database of which a restore is not finished is not used:** half of the accounts would look
//! like all of them, and no signing key like a first start (see [`MongoDatabase::whole`]).

mod accounts;
mod audit;
mod families;
mod fields;
mod signing_keys;

use std::sync::Arc;
use std::time::Duration;

use outbox::mongo::MongoDatabase;
use outbox::{Collection, Index, StoreError};
use tokio::sync::OnceCell;

pub use accounts::Credentials;
pub use audit::published_accounts;

const ACCOUNTS: &str = "accounts";
const FAMILIES: &str = "refresh_families";
const SIGNING_KEYS: &str = "signing_keys";

/// The service's own collections.
pub const COLLECTIONS: [Collection; 3] = [
    Collection::new(ACCOUNTS, &[Index::on(&["email"]).unique()]),
    // Removed at the time in the field itself, not some seconds later.
    Collection::new(
        FAMILIES,
        &[Index::on(&["expires_at"]).expires_after(Duration::ZERO)],
    ),
    Collection::new(SIGNING_KEYS, &[Index::on(&["generation"]).unique()]),
];

/// This service's database.
///
/// Nothing is read or written before the database is whole and its unique indexes stand: the first
/// operation that finds the server looks, and makes them.
#[derive(Clone)]
pub struct MongoAuth {
    mongo: MongoDatabase,
    prepared: Arc<OnceCell<()>>,
}

impl MongoAuth {
    /// The accounts in `mongo`.
    pub fn new(mongo: MongoDatabase) -> Self {
        Self {
            mongo,
            prepared: Arc::default(),
        }
    }

    /// The database, whole and prepared.
    ///
    /// # Errors
    /// When it is neither, or out of reach.
    pub(crate) async fn database(&self) -> Result<&MongoDatabase, StoreError> {
        let prepare = || async {
            self.mongo.whole().await?;
            self.mongo.prepare().await?;
            self.mongo.prepare_collections(&COLLECTIONS).await
        };
        self.prepared.get_or_try_init(prepare).await?;
        Ok(&self.mongo)
    }

    async fn collection<T: Send + Sync>(
        &self,
        name: &str,
    ) -> Result<mongodb::Collection<T>, StoreError> {
        Ok(self.database().await?.database().collection(name))
    }
}

impl std::fmt::Debug for MongoAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MongoAuth")
            .field("database", &self.mongo.database().name())
            .finish_non_exhaustive()
    }
}
