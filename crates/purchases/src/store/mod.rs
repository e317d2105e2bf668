//! The service's one collection, `purchases`: a document is a purchase.

use bson::spec::BinarySubtype;
use bson::{Binary, Document, doc};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use mongodb::IndexModel;
use mongodb::options::IndexOptions;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout, documents};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::Purchase;

const PURCHASES: &str = "purchases";

/// A purchase as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Rises with time.
    #[serde(rename = "_id")]
    pub id: String,
    /// Who bought.
    pub username: String,
    /// The buyer's id.
    pub userid: String,
    /// What it cost.
    pub price: String,
    /// When it was bought.
    pub timestamp: String,
    /// Of the four values: no two purchases have the same.
    digest: Binary,
}

impl Row {
    /// The row of `purchase`.
    pub fn new(id: String, purchase: Purchase) -> Self {
        let Purchase {
            username,
            userid,
            price,
            timestamp,
        } = purchase;
        let mut digest = Sha256::new();
        for value in [&username, &userid, &price, &timestamp] {
            // With its length, so that no two lists of values look the same.
            digest.update(value.len().to_be_bytes());
            digest.update(value);
        }
        let digest = Binary {
            subtype: BinarySubtype::Generic,
            bytes: digest.finalize().to_vec(),
        };
        Self {
            id,
            username,
            userid,
            price,
            timestamp,
            digest,
        }
    }

    /// The same for the same values.
    pub fn digest(&self) -> &[u8] {
        &self.digest.bytes
    }
}

/// Makes the service's own collection and indexes. Doing it again changes nothing.
///
/// # Errors
/// When MongoDB is out of reach, or refuses.
pub async fn prepare(database: MongoDatabase) -> Result<(), StoreError> {
    database.create_collection(PURCHASES).await?;
    let unique = IndexOptions::builder().unique(true).build();
    let once = IndexModel::builder()
        .keys(doc! { "digest": 1 })
        .options(unique)
        .build();
    let by_user = IndexModel::builder()
        .keys(doc! { "username": 1, "_id": 1 })
        .build();
    let collection = database.database().collection::<Document>(PURCHASES);
    collection
        .create_indexes([once, by_user])
        .with_long_timeout()
        .await
        .map(drop)
}

/// The rows that have the same values as one of `rows`.
///
/// # Errors
/// A store error.
pub async fn known(tx: &mut MongoTx, rows: &[Row]) -> Result<Vec<Row>, StoreError> {
    let digests: Vec<&Binary> = rows.iter().map(|row| &row.digest).collect();
    tx.find(PURCHASES, doc! { "digest": { "$in": digests } }, None)
        .await
}

/// The ids of all purchases.
///
/// # Errors
/// A store error, now or in the stream.
pub async fn ids(
    database: &MongoDatabase,
) -> Result<BoxStream<'static, Result<String, StoreError>>, StoreError> {
    #[derive(Deserialize)]
    struct Id {
        #[serde(rename = "_id")]
        id: String,
    }
    let collection = database.database().collection::<Id>(PURCHASES);
    let found = collection.find(doc! {}).projection(doc! { "_id": 1 });
    let all = documents(found.with_long_timeout().await?);
    Ok(all.map_ok(|found| found.id).boxed())
}

/// Writes new rows.
///
/// # Errors
/// A conflict when one with the same values is there by now.
pub async fn insert(
    database: &MongoDatabase,
    tx: &mut MongoTx,
    rows: &[Row],
) -> Result<(), StoreError> {
    let collection = database.database().collection::<Row>(PURCHASES);
    collection
        .insert_many(rows)
        .session(&mut tx.session)
        .with_timeout()
        .await
        .map(drop)
}

/// At most `limit` purchases of `username` as they came, from the one after `after` on.
///
/// # Errors
/// A store error.
pub async fn purchases_of(
    database: &MongoDatabase,
    username: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Row>, StoreError> {
    let mut filter = doc! { "username": username };
    if let Some(after) = after {
        filter.insert("_id", doc! { "$gt": after });
    }
    let collection = database.database().collection::<Row>(PURCHASES);
    let found = collection.find(filter).sort(doc! { "_id": 1 }).limit(limit);
    found
        .with_timeout()
        .await?
        .try_collect()
        .with_timeout()
        .await
}
