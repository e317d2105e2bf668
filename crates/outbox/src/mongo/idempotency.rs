//! The table of idempotency records: `_id` is the key's digest, `body` the request's, `created_at` the
//! time by which the database removes it; the answer is in a field that its reader names.

use bson::{Binary, Document, doc};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::database::{MongoDatabase, MongoTx};
use super::timeout::WithTimeout;
use crate::error::StoreError;
use crate::idempotency::{COLLECTION, Digest, IdempotencyRecord};
use crate::rows::{as_bytes, as_time};

impl MongoTx {
    /// The idempotency records of these keys, their answers kept as `answer`.
    ///
    /// # Errors
    /// A store error, unreadable when an answer is not an `A`.
    pub async fn idempotency_records<A: DeserializeOwned>(
        &mut self,
        answer: &str,
        keys: &[Digest],
    ) -> Result<Vec<IdempotencyRecord<A>>, StoreError> {
        let keys: Vec<Binary> = keys.iter().map(|key| as_bytes::of(key)).collect();
        let filter = doc! { "_id": { "$in": keys } };
        let found: Vec<Document> = self.find(COLLECTION.name, filter, None).await?;
        found.iter().map(|stored| read(stored, answer)).collect()
    }

    /// Saves idempotency records, at least one, their answers as `answer`.
    ///
    /// # Errors
    /// A conflict when another transaction has saved one of the keys meanwhile.
    pub async fn save_idempotency_records<A: Serialize>(
        &mut self,
        database: &MongoDatabase,
        answer: &str,
        records: &[IdempotencyRecord<A>],
    ) -> Result<(), StoreError> {
        let stored = records.iter().map(|record| {
            let kept = bson::serialize_to_bson(&record.answer).map_err(StoreError::permanent)?;
            Ok(doc! {
                "_id": as_bytes::of(&record.key),
                "body": as_bytes::of(&record.body),
                answer: kept,
                "created_at": as_time::of(record.at),
            })
        });
        let stored: Vec<Document> = stored.collect::<Result<_, StoreError>>()?;
        let table = database.database().collection::<Document>(COLLECTION.name);
        table
            .insert_many(stored)
            .session(&mut self.session)
            .with_timeout()
            .await
            .map(drop)
    }
}

fn read<A: DeserializeOwned>(
    stored: &Document,
    answer: &str,
) -> Result<IdempotencyRecord<A>, StoreError> {
    let digest = |field| {
        let bytes = stored.get_binary_generic(field);
        let bytes = bytes.map_err(StoreError::unreadable)?;
        Digest::try_from(bytes.as_slice()).map_err(StoreError::unreadable)
    };
    let at = stored.get_datetime("created_at");
    let at = at.map_err(StoreError::unreadable)?.timestamp_millis();
    let kept = stored.get(answer).cloned().unwrap_or_default();
    Ok(IdempotencyRecord {
        key: digest("_id")?,
        body: digest("body")?,
        answer: bson::deserialize_from_bson(kept).map_err(StoreError::unreadable)?,
        at: Timestamp::from_millisecond(at).map_err(StoreError::unreadable)?,
    })
}
