//! Collections and indexes.

use std::time::Duration;

use bson::{Document, doc};
use mongodb::IndexModel;
use mongodb::options::IndexOptions;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, WithTimeout};

pub(super) const ORDERS: &str = "orders";
pub(super) const IDEMPOTENCY: &str = "idempotency";
pub(super) const CHANGE_EVENTS: &str = "order_news";

/// How long a change event is kept: only open change streams read it.
const CHANGE_EVENTS_TTL: Duration = Duration::from_mins(10);

/// How long a request's `Idempotency-Key` is remembered, in days. A week is longer than any
/// client keeps trying, and it bounds the table.
pub const IDEMPOTENCY_DAYS: u64 = 7;

/// Makes the service's own collections and indexes. Doing it again changes nothing.
pub async fn prepare(database: MongoDatabase) -> Result<(), StoreError> {
    for name in [ORDERS, IDEMPOTENCY, CHANGE_EVENTS] {
        database.create_collection(name).await?;
    }
    let pending = IndexOptions::builder()
        .name("pending".to_owned())
        .partial_filter_expression(doc! { "status": "PENDING" })
        .build();
    let forget = IndexOptions::builder()
        .name("forget".to_owned())
        .expire_after(Duration::from_secs(IDEMPOTENCY_DAYS * 24 * 60 * 60))
        .build();
    let outdated = IndexOptions::builder()
        .name("outdated".to_owned())
        .expire_after(CHANGE_EVENTS_TTL)
        .build();
    let indexes = [
        (ORDERS, doc! { "customer": 1, "_id": -1 }, None),
        (ORDERS, doc! { "status": 1, "_id": 1 }, Some(pending)),
        (IDEMPOTENCY, doc! { "created_at": 1 }, Some(forget)),
        (CHANGE_EVENTS, doc! { "at": 1 }, Some(outdated)),
    ];
    for (collection, keys, options) in indexes {
        let index = IndexModel::builder().keys(keys).options(options).build();
        let collection = database.database().collection::<Document>(collection);
        collection.create_index(index).with_long_timeout().await?;
    }
    Ok(())
}
