//! Signing keys, shared by all instances of this service.

use bson::doc;
use futures::TryStreamExt;
use outbox::mongo::WithTimeout;
use outbox::{ErrorKind, StoreError};
use serde::{Deserialize, Serialize};

use super::{MongoAuth, SIGNING_KEYS, fields};
use crate::crypto::SigningKey;
use crate::domain::key_schedule::Turn;

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(rename = "_id")]
    kid: String,
    generation: i64,
    signs_from: bson::DateTime,
    pkcs8: bson::Binary,
}

impl MongoAuth {
    /// All keys, in the order of their generations.
    ///
    /// # Errors
    /// When the database is out of reach, or a key is damaged.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let keys = self.collection::<Document>(SIGNING_KEYS).await?;
        let found = keys
            .find(doc! {})
            .sort(doc! { "generation": 1 })
            .with_timeout()
            .await?;
        let found: Vec<Document> = found.try_collect().with_timeout().await?;
        found.iter().map(read).collect()
    }

    /// Adds a key unless there is one of its generation. Returns whether it was added: of
    /// several instances that add one of the same generation, one does.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn add_signing_key(&self, key: &SigningKey) -> Result<bool, StoreError> {
        let document = Document {
            kid: key.kid().to_owned(),
            generation: key.turn.generation,
            signs_from: fields::time(key.turn.signs_from),
            pkcs8: fields::binary(key.expose()),
        };
        let keys = self.collection::<Document>(SIGNING_KEYS).await?;
        match keys.insert_one(document).with_timeout().await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes all keys older than `generation`.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn remove_signing_keys_before(&self, generation: i64) -> Result<u64, StoreError> {
        let keys = self.collection::<Document>(SIGNING_KEYS).await?;
        let older = doc! { "generation": { "$lt": generation } };
        let removed = keys.delete_many(older).with_timeout().await?;
        Ok(removed.deleted_count)
    }
}

fn read(document: &Document) -> Result<SigningKey, StoreError> {
    let turn = Turn {
        generation: document.generation,
        signs_from: fields::read_time(document.signs_from)?,
    };
    SigningKey::from_stored(&document.pkcs8.bytes, turn).map_err(StoreError::permanent)
}
