//! Today's rule for names, applied to what older builds wrote.

use bson::{Document, doc};
use events::names;
use futures::TryStreamExt;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};
use outbox::{StoreError, Work, transact};
use serde::Deserialize;

use super::documents::{CATEGORIES, PRODUCTS, StoredCategory, searched};
use super::{CatalogueStore, changes};

/// What the rule looks at of a product.
#[derive(Debug, Deserialize)]
struct Named {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    name: String,
    name_key: String,
    description: String,
    search: Option<String>,
}

/// Gives products and categories the keys that their names have by today's rule, and products what is
/// searched. Two names that are one by that rule keep the keys that they had; they come back, each in a
/// sentence. Doing it again changes nothing.
///
/// # Errors
/// A store error.
pub async fn apply_name_rule(database: MongoDatabase) -> Result<Vec<String>, StoreError> {
    let mut kept = products(&database).await?;
    kept.extend(categories(&database).await?);
    Ok(kept)
}

async fn products(database: &MongoDatabase) -> Result<Vec<String>, StoreError> {
    loop {
        let (mut changed, mut kept) = (false, Vec::new());
        for named in unusual(database).await? {
            let mut work = Rename { database, named };
            match transact(database, &mut work).await? {
                Renamed::AsItWas => {}
                Renamed::New => changed = true,
                Renamed::Taken(by) => kept.push(format!(
                    "the product {} \"{}\" keeps its former key: its name is that of {by} by now",
                    work.named.id,
                    work.named.name.escape_default()
                )),
            }
        }
        // One that has got its key may have freed another's.
        if !changed || kept.is_empty() {
            return Ok(kept);
        }
    }
}

/// The products whose key or searched text may differ from what older builds wrote; all others are
/// written in ASCII, with one space between words.
async fn unusual(database: &MongoDatabase) -> Result<Vec<Named>, StoreError> {
    let products = database.database().collection::<Named>(PRODUCTS);
    let unusual = doc! { "$or": [
        { "name": { "$regex": "[^ -~]|  " } },
        { "description": { "$regex": "[^\\x00-\\x7f]" } },
    ] };
    let found = products.find(unusual).sort(doc! { "_id": 1 });
    found
        .with_long_timeout()
        .await?
        .try_collect()
        .with_long_timeout()
        .await
}

enum Renamed {
    AsItWas,
    New,
    Taken(String),
}

struct Rename<'a> {
    database: &'a MongoDatabase,
    named: Named,
}

impl Work<MongoDatabase> for Rename<'_> {
    type Output = Renamed;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<Renamed, StoreError> {
        let named = &self.named;
        let mut set = Document::new();
        let mut taken = None;
        let key = names::key(&named.name);
        if key != named.name_key {
            match self.database.product_by_name_key(tx, &key).await? {
                Some(other) => taken = Some(other.product_id.to_string()),
                None => drop(set.insert("name_key", key)),
            }
        }
        let search = searched(&named.name, &named.description);
        if search != named.search {
            set.insert("search", search);
        }
        let renamed = !set.is_empty();
        if renamed {
            let statement = doc! { "q": { "_id": named.id }, "u": { "$set": set } };
            tx.update(PRODUCTS, vec![statement]).await?;
            let id = super::documents::product_id(named.id);
            changes::record(tx, std::iter::once(id)).await?;
        }
        Ok(match taken {
            Some(other) => Renamed::Taken(other),
            None if renamed => Renamed::New,
            None => Renamed::AsItWas,
        })
    }
}

async fn categories(database: &MongoDatabase) -> Result<Vec<String>, StoreError> {
    let collection = database.database().collection::<StoredCategory>(CATEGORIES);
    let without = doc! { "name_key": { "$exists": false } };
    let found = collection.find(without).with_timeout().await?;
    let found: Vec<StoredCategory> = found.try_collect().with_timeout().await?;
    let mut found: Vec<(String, String)> = found
        .into_iter()
        .map(|stored| (names::key(&stored.name), stored.name))
        .collect();
    // Who is written as the key goes first.
    found.sort_by_key(|(key, name)| (key != name, name.clone()));
    let mut kept = Vec::new();
    for (key, name) in found {
        let taken = collection.find_one(doc! { "name_key": &key });
        if let Some(other) = taken.with_timeout().await? {
            // Two forms of one name look alike but for their escapes.
            let (name, other) = (name.escape_default(), other.name.escape_default());
            kept.push(format!(
                "the category \"{name}\" has no key: its name is that of \"{other}\" by now"
            ));
            continue;
        }
        let keyed =
            collection.update_one(doc! { "_id": name }, doc! { "$set": { "name_key": key } });
        keyed.with_timeout().await?;
    }
    Ok(kept)
}
