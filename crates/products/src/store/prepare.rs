//! Collections, indexes and the validator: the last line against overselling.

use bson::{Document, doc};
use mongodb::IndexModel;
use mongodb::options::IndexOptions;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, fault};

use super::documents::{CATEGORIES, PRODUCTS, RESERVATIONS};

/// Makes what the service needs, the outbox's and inbox's tables included. Doing it again
/// changes nothing.
///
/// # Errors
/// A store error; [`Transient`](outbox::ErrorKind::Transient) while the server is away.
pub async fn prepare(database: &MongoDatabase) -> Result<(), StoreError> {
    database.prepare().await?;
    for name in [PRODUCTS, CATEGORIES, RESERVATIONS] {
        database.create_collection(name).await?;
    }
    // Set on an existing collection too, so that an older one gets today's rule.
    let validated = doc! {
        "collMod": PRODUCTS,
        "validator": validator(),
        "validationLevel": "strict",
        "validationAction": "error",
    };
    database
        .database()
        .run_command(validated)
        .await
        .map_err(fault)?;
    database
        .database()
        .collection::<Document>(PRODUCTS)
        .create_indexes(indexes())
        .await
        .map(drop)
        .map_err(fault)
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
