//! Collections, indexes and the validator: the last line against overselling.

use std::time::Duration;

use bson::{Document, doc};
use futures::TryStreamExt;
use mongodb::IndexModel;
use mongodb::options::IndexOptions;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, WithTimeout};

use super::documents::{CATEGORIES, DECISIONS, PRODUCT_CHANGES, PRODUCTS};

/// Makes the service's own collections, indexes and rules. Doing it again changes nothing.
///
/// # Errors
/// A store error; [`Transient`](outbox::ErrorKind::Transient) while the server is away.
pub async fn prepare(database: MongoDatabase) -> Result<(), StoreError> {
    for name in [PRODUCTS, CATEGORIES, DECISIONS, PRODUCT_CHANGES] {
        database.create_collection(name).await?;
    }
    validate(&database).await?;
    database
        .database()
        .collection::<Document>(PRODUCTS)
        .create_indexes(indexes())
        .with_long_timeout()
        .await?;
    let named = IndexOptions::builder()
        .unique(true)
        .partial_filter_expression(doc! { "name_key": { "$type": "string" } })
        .build();
    let index = IndexModel::builder().keys(doc! { "name_key": 1 });
    let categories = database.database().collection::<Document>(CATEGORIES);
    let index = index.options(named).build();
    categories.create_index(index).with_long_timeout().await?;
    // By far longer than a session that nobody uses is kept by the driver, and than a catalogue in
    // memory that nobody reads looks at the logs.
    let outdated = IndexOptions::builder()
        .name("outdated".to_owned())
        .expire_after(Duration::from_hours(1))
        .build();
    let index = IndexModel::builder().keys(doc! { "at": 1 });
    let changes = database.database().collection::<Document>(PRODUCT_CHANGES);
    let index = index.options(outdated).build();
    changes.create_index(index).with_long_timeout().await?;
    // Empty but for the moments in which a restored database recovers its events.
    for name in [PRODUCTS, DECISIONS] {
        let marked = IndexOptions::builder()
            .name("relearned".to_owned())
            .partial_filter_expression(doc! { "relearned": true })
            .build();
        let keys = doc! { "relearned": 1 };
        let index = IndexModel::builder().keys(keys).options(marked).build();
        let collection = database.database().collection::<Document>(name);
        collection.create_index(index).with_long_timeout().await?;
    }
    Ok(())
}

/// Gives an existing collection today's rule, too. Nothing is written when it has that already: a
/// change takes the whole collection for itself, and would wait, with everybody behind it, for a
/// transaction that a killed instance has left open.
async fn validate(database: &MongoDatabase) -> Result<(), StoreError> {
    let mut found = database
        .database()
        .list_collections()
        .filter(doc! { "name": PRODUCTS })
        .with_long_timeout()
        .await?;
    if let Some(products) = found.try_next().with_long_timeout().await?
        && products.options.validator == Some(validator())
    {
        return Ok(());
    }
    let validated = doc! {
        "collMod": PRODUCTS,
        "validator": validator(),
        "validationLevel": "strict",
        "validationAction": "error",
    };
    let database = database.database();
    let done = database.run_command(validated).with_long_timeout();
    done.await.map(drop)
}

/// Stock is never negative, and never more than was ever put in.
fn validator() -> Document {
    let counted = |least: i64| doc! { "bsonType": ["int", "long"], "minimum": least };
    doc! {
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["name", "name_key", "price", "quantity", "stocked", "version"],
            "properties": {
                "quantity": counted(0),
                "stocked": counted(0),
                "version": counted(1),
            },
        },
        "$expr": { "$lte": ["$quantity", "$stocked"] },
    }
}

fn indexes() -> [IndexModel; 3] {
    let unique = IndexOptions::builder().unique(true).build();
    [
        IndexModel::builder()
            .keys(doc! { "name_key": 1 })
            .options(unique)
            .build(),
        IndexModel::builder()
            .keys(doc! { "categories": 1, "name_key": 1 })
            .build(),
        IndexModel::builder()
            .keys(doc! { "price.minor": 1, "_id": 1 })
            .build(),
    ]
}
