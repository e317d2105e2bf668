//! Making collections.

use bson::{Document, doc};
use futures::TryStreamExt;

use super::database::MongoDatabase;
use super::fault::unless_there;
use super::timeout::{TIMEOUT, WithTimeout, outcome};
use crate::error::StoreError;
use crate::rows::{Collection, Index};

impl MongoDatabase {
    /// Makes the collections, their rules and indexes. Doing it again changes nothing.
    ///
    /// A transaction should find its collections made: making one inside it takes locks
    /// that conflict with other transactions.
    ///
    /// # Errors
    /// When MongoDB is out of reach, or refuses.
    pub async fn prepare_collections(&self, all: &[Collection]) -> Result<(), StoreError> {
        for collection in all {
            self.create_collection(collection.name).await?;
            if let Some(validator) = collection.validator {
                self.validate(collection.name, validator()).await?;
            }
            if !collection.indexes.is_empty() {
                let indexes = collection.indexes.iter().map(Index::model);
                let documents = self.database().collection::<Document>(collection.name);
                documents
                    .create_indexes(indexes)
                    .with_long_timeout()
                    .await?;
            }
        }
        Ok(())
    }

    /// Makes the collection `name` unless it is there.
    pub async fn create_collection(&self, name: &str) -> Result<(), StoreError> {
        let made = self.database().create_collection(name);
        unless_there(outcome(TIMEOUT, made).await?)
    }

    /// Gives an existing collection today's rule, too. Nothing is written when it has that already: a
    /// change takes the whole collection for itself, and would wait, with everybody behind it, for a
    /// transaction that a killed instance has left open.
    async fn validate(&self, name: &str, validator: Document) -> Result<(), StoreError> {
        let mut found = self
            .database()
            .list_collections()
            .filter(doc! { "name": name })
            .with_long_timeout()
            .await?;
        if let Some(known) = found.try_next().with_long_timeout().await?
            && known.options.validator.as_ref() == Some(&validator)
        {
            return Ok(());
        }
        let command = doc! {
            "collMod": name,
            "validator": validator,
            "validationLevel": "strict",
            "validationAction": "error",
        };
        let done = self.database().run_command(command);
        done.with_long_timeout().await.map(drop)
    }
}
