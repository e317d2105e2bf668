//! The service's collections: `intents`, `entries` (the books) and `webhooks`.

use bson::{Document, doc};
use events::money::Currency;
use futures::TryStreamExt;
use jiff::Timestamp;
use outbox::mongo::{MongoDatabase, WithTimeout, documents};
use outbox::rows::as_time;
use outbox::{Collection, Index, Query, Row, Rows, StoreError, Work, transact};
use serde::{Deserialize, Serialize};

use crate::domain::Intent;

/// A document is a payment intent.
pub const INTENTS: Collection = Collection::new(
    "intents",
    &[Index::on(&["reference", "_id"]), Index::on(&["key"])],
);

/// A document is money that moved.
pub const ENTRIES: Collection = Collection::new("entries", &[]);

/// A document is a webhook.
pub const WEBHOOKS: Collection = Collection::new("webhooks", &[Index::on(&["intent", "version"])]);

/// A payment intent as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentRow {
    /// Its identity; rises with time.
    #[serde(rename = "_id")]
    pub id: String,
    /// What the merchant calls it.
    pub reference: String,
    /// The `Idempotency-Key` that it was made under.
    pub key: String,
    /// Whether each of its webhooks is sent twice.
    pub told_twice: bool,
    /// The keys of refunds that were refused at first.
    pub refused_refunds: Vec<String>,
    /// The intent.
    pub intent: Intent,
}

impl Row for IntentRow {
    const COLLECTION: &'static Collection = &INTENTS;
}

/// What kind of movement an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// To the merchant.
    Charge,
    /// Back to the card.
    Refund,
}

/// Money that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    /// Its identity; rises with time.
    #[serde(rename = "_id")]
    pub id: String,
    /// Which way.
    pub kind: EntryKind,
    /// Of which intent.
    pub intent: String,
    /// What the merchant calls that.
    pub reference: String,
    /// In minor units, above zero.
    pub amount: i64,
    /// Of which currency.
    pub currency: Currency,
    /// When.
    #[serde(with = "as_time")]
    pub at: Timestamp,
}

impl Row for EntryRow {
    const COLLECTION: &'static Collection = &ENTRIES;
}

/// A webhook as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    /// Its identity: the same however often it is sent.
    #[serde(rename = "_id")]
    pub id: String,
    /// About which intent.
    pub intent: String,
    /// The intent's version that it tells.
    pub version: u64,
    /// What is sent.
    pub body: String,
    /// Whether it is sent twice.
    pub twice: bool,
    /// Until when it waits for the next one about its intent to be sent first.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_time::option"
    )]
    pub swapped_until: Option<Timestamp>,
    /// When the receiver had it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_time::option"
    )]
    pub delivered_at: Option<Timestamp>,
}

impl Row for WebhookRow {
    const COLLECTION: &'static Collection = &WEBHOOKS;
}

/// The intent `id`, if there is one.
///
/// # Errors
/// A store error.
pub async fn intent<D: Rows>(database: &D, id: &str) -> Result<Option<IntentRow>, StoreError> {
    let found = database.read(doc! { "_id": id }).await?;
    Ok(found.into_iter().next())
}

/// Which intents are listed.
#[derive(Debug, Clone, Default)]
pub struct IntentFilter {
    /// Those that the merchant calls so.
    pub reference: Option<String>,
    /// The one that was made under this `Idempotency-Key`.
    pub key: Option<String>,
    /// Those behind this one.
    pub after: Option<String>,
}

/// At most `limit` intents, in the order in which they were made.
///
/// # Errors
/// A store error.
pub async fn intents<D: Rows>(
    database: &D,
    wanted: IntentFilter,
    limit: usize,
) -> Result<Vec<IntentRow>, StoreError> {
    let mut filter = Document::new();
    let named = [("reference", wanted.reference), ("key", wanted.key)];
    for (field, value) in named {
        if let Some(value) = value {
            filter.insert(field, value);
        }
    }
    database.read(page(filter, wanted.after).limit(limit)).await
}

/// At most `limit` entries of the books from behind `after` on, in the order in which they were made.
///
/// # Errors
/// A store error.
pub async fn entries<D: Rows>(
    database: &D,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<EntryRow>, StoreError> {
    database
        .read(page(Document::new(), after).limit(limit))
        .await
}

fn page(filter: Document, after: Option<String>) -> Query {
    let query = Query::from(filter).sorted_by(&["_id"]);
    match after {
        Some(after) => query.after(&["_id"], vec![after.into()]),
        None => query,
    }
}

/// The sum of a kind of entries in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Total {
    /// Which way.
    pub kind: EntryKind,
    /// Of which currency.
    pub currency: Currency,
    /// How many entries.
    pub count: i64,
    /// Their sum in minor units.
    pub sum: i64,
}

/// The sums of all entries.
///
/// # Errors
/// A store error.
pub async fn totals(database: &MongoDatabase) -> Result<Vec<Total>, StoreError> {
    let group = doc! {
        "_id": { "kind": "$kind", "currency": "$currency" },
        "count": { "$sum": 1_i64 },
        "sum": { "$sum": "$amount" },
    };
    let shape = doc! {
        "_id": 0, "kind": "$_id.kind", "currency": "$_id.currency", "count": 1, "sum": 1,
    };
    let order = doc! { "currency": 1, "kind": 1 };
    let stages = [
        doc! { "$group": group },
        doc! { "$project": shape },
        doc! { "$sort": order },
    ];
    let entries = database.database().collection::<Document>(ENTRIES.name);
    let found = entries.aggregate(stages).with_type::<Total>();
    documents(found.with_long_timeout().await?)
        .try_collect()
        .await
}

/// The webhook `id`, if there is one.
///
/// # Errors
/// A store error.
pub async fn webhook<D: Rows>(database: &D, id: &str) -> Result<Option<WebhookRow>, StoreError> {
    let found = database.read(doc! { "_id": id }).await?;
    Ok(found.into_iter().next())
}

/// Whether a webhook about a later version of `intent` was delivered.
///
/// # Errors
/// A store error.
pub async fn later_is_delivered<D: Rows>(
    database: &D,
    webhook: &WebhookRow,
) -> Result<bool, StoreError> {
    let version = bson::serialize_to_bson(&webhook.version).map_err(StoreError::permanent)?;
    let later = doc! {
        "intent": &webhook.intent,
        "version": { "$gt": version },
        "delivered_at": { "$exists": true },
    };
    let found: Vec<WebhookRow> = database.read(Query::from(later).limit(1)).await?;
    Ok(!found.is_empty())
}

/// Notes that the receiver had the webhook `id` at `at`.
///
/// # Errors
/// A store error.
pub async fn delivered<D: Rows>(database: &D, id: &str, at: Timestamp) -> Result<(), StoreError> {
    let mut work = Delivered { database, id, at };
    transact(database, &mut work).await
}

struct Delivered<'a, D> {
    database: &'a D,
    id: &'a str,
    at: Timestamp,
}

impl<D: Rows> Work<D> for Delivered<'_, D> {
    type Output = ();

    async fn run(&mut self, tx: &mut D::Tx) -> Result<(), StoreError> {
        let found: Option<WebhookRow> = self.database.get(tx, self.id).await?;
        match found {
            Some(mut webhook) if webhook.delivered_at.is_none() => {
                webhook.delivered_at = Some(self.at);
                self.database.replace(tx, &[webhook]).await
            }
            _ => Ok(()),
        }
    }
}
