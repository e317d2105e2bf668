//! The service's one collection, `purchases`: a document is a purchase.

use bson::doc;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use outbox::mongo::MongoDatabase;
use outbox::rows::as_bytes;
use outbox::{Collection, Index, Query, Row, Rows, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::Purchase;

/// A document is a purchase.
pub const PURCHASES: Collection = Collection::new(
    "purchases",
    &[
        Index::on(&["digest"]).unique(),
        Index::on(&["username", "_id"]),
    ],
);

/// A purchase as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseRow {
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
    #[serde(with = "as_bytes")]
    digest: Vec<u8>,
}

impl Row for PurchaseRow {
    const COLLECTION: &'static Collection = &PURCHASES;
}

impl PurchaseRow {
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
        Self {
            id,
            username,
            userid,
            price,
            timestamp,
            digest: digest.finalize().to_vec(),
        }
    }

    /// The same for the same values.
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }
}

/// The rows that have the same values as one of `rows`.
///
/// # Errors
/// A store error.
pub async fn known<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    rows: &[PurchaseRow],
) -> Result<Vec<PurchaseRow>, StoreError> {
    let digests = rows.iter().map(|row| as_bytes::of(&row.digest));
    database.find(tx, Query::any_of("digest", digests)).await
}

/// The ids of all purchases.
///
/// # Errors
/// A store error, now or in the stream.
pub async fn ids(
    database: &MongoDatabase,
) -> Result<BoxStream<'static, Result<String, StoreError>>, StoreError> {
    #[derive(Serialize, Deserialize)]
    struct Id {
        #[serde(rename = "_id")]
        id: String,
    }
    impl Row for Id {
        const COLLECTION: &'static Collection = &PURCHASES;
    }
    let all = database.stream::<Id>(Query::all().only(&["_id"])).await?;
    Ok(Box::pin(all.map_ok(|found| found.id)))
}

/// At most `limit` purchases of `username` as they came, from the one after `after` on.
///
/// # Errors
/// A store error.
pub async fn purchases_of<D: Rows>(
    database: &D,
    username: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<PurchaseRow>, StoreError> {
    let mut query = Query::from(doc! { "username": username }).sorted_by(&["_id"]);
    if let Some(after) = after {
        query = query.after(&["_id"], vec![after.into()]);
    }
    database.read(query.limit(limit)).await
}
