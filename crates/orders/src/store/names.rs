//! Today's rule for names, applied to the copies that older builds wrote.

use bson::{Document, doc};
use events::names;
use futures::TryStreamExt;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, WithTimeout, documents};
use replica::Replica as _;
use serde::Deserialize;

use crate::domain::ProductCopy;

/// The most copies that are read at once.
const CHUNK: usize = 1_000;

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    name: String,
}

/// Gives copies that have no key of their product's name that key. Doing it again changes nothing.
///
/// # Errors
/// A store error.
pub async fn apply_name_rule(database: MongoDatabase) -> Result<Vec<String>, StoreError> {
    let copies = database
        .database()
        .collection::<Named>(ProductCopy::COLLECTION);
    let without = doc! { "name_key": { "$exists": false } };
    let found = copies.find(without).projection(doc! { "name": 1 });
    let mut chunks = documents(found.with_long_timeout().await?).try_chunks(CHUNK);
    while let Some(chunk) = chunks.try_next().await.map_err(|fault| fault.1)? {
        let statements: Vec<Document> = chunk.iter().map(keyed).collect();
        let command = doc! { "update": ProductCopy::COLLECTION, "updates": statements };
        let done = database.database().run_command(command);
        done.with_long_timeout().await?;
    }
    Ok(Vec::new())
}

fn keyed(copy: &Named) -> Document {
    // Its owner may have given it another name meanwhile.
    doc! {
        "q": { "_id": copy.id, "name": &copy.name },
        "u": { "$set": { "name_key": names::key(&copy.name) } },
    }
}
