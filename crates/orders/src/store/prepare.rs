//! Collections and indexes.

use std::time::Duration;

use bson::{Document, doc};
use mongodb::IndexModel;
use mongodb::options::IndexOptions;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, WithTimeout};

pub(super) const ORDERS: &str = "orders";
pub(super) const CHANGE_EVENTS: &str = "order_news";

/// How long a change event is kept: only open change streams read it.
const CHANGE_EVENTS_TTL: Duration = Duration::from_mins(10);

/// Makes the service's own collections and indexes. Doing it again changes nothing.
pub async fn prepare(database: MongoDatabase) -> Result<(), StoreError> {
    for name in [ORDERS, CHANGE_EVENTS] {
        database.create_collection(name).await?;
    }
    let pending = IndexOptions::builder()
        .name("pending".to_owned())
        .partial_filter_expression(doc! { "status": "PENDING" })
        .build();
    let outdated = IndexOptions::builder()
        .name("outdated".to_owned())
        .expire_after(CHANGE_EVENTS_TTL)
        .build();
    let indexes = [
        (ORDERS, doc! { "customer": 1, "_id": -1 }, None),
        (ORDERS, doc! { "status": 1, "_id": 1 }, Some(pending)),
        (CHANGE_EVENTS, doc! { "at": 1 }, Some(outdated)),
    ];
    for (collection, keys, options) in indexes {
        let index = IndexModel::builder().keys(keys).options(options).build();
        let collection = database.database().collection::<Document>(collection);
        collection.create_index(index).with_long_timeout().await?;
    }
    Ok(())
}
