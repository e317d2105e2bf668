//! Collections, indexes and the validator: the last line against overselling.

use std::time::Duration;

use bson::{Document, doc};
use outbox::{Collection, Index};

use super::documents::{CATEGORIES, DECISIONS, PRODUCT_CHANGES, PRODUCTS};

/// Empty but for the moments in which a restored database recovers its events.
const RELEARNED: Index = Index::on(&["relearned"])
    .only(|| doc! { "relearned": true })
    .named("relearned");

/// By far longer than a session that nobody uses is kept by the driver, and than a catalogue in
/// memory that nobody reads looks at the logs.
const CHANGES_TTL: Duration = Duration::from_hours(1);

/// The service's own collections.
pub const COLLECTIONS: [Collection; 4] = [
    Collection::new(
        PRODUCTS,
        &[
            Index::on(&["name_key"]).unique(),
            Index::on(&["categories", "name_key"]),
            Index::on(&["price.minor", "_id"]),
            RELEARNED,
        ],
    )
    .validated(validator),
    Collection::new(
        CATEGORIES,
        &[Index::on(&["name_key"])
            .unique()
            .only(|| doc! { "name_key": { "$type": "string" } })],
    ),
    Collection::new(DECISIONS, &[RELEARNED]),
    Collection::new(
        PRODUCT_CHANGES,
        &[Index::on(&["at"])
            .expires_after(CHANGES_TTL)
            .named("outdated")],
    ),
];

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
