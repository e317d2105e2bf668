//! What of a service's database is kept.

use anyhow::{Context, bail};
use bson::{DateTime, doc};
use outbox::mongo::{MongoDatabase, RESTORING};
use service::config::MongoSettings;

/// The services that have a database.
pub(super) const SERVICES: [&str; 3] = ["auth", "products", "orders"];

/// Tables that only wake who waits, or that a command left behind: each is made anew.
pub(super) fn left_out(table: &str) -> bool {
    table.starts_with("system.")
        || matches!(
            table,
            "outbox_bell" | "order_news" | "product_copies_rebuild"
        )
}

/// All tables of `database` by name, but for the mark of a restore.
///
/// # Errors
/// When MongoDB does not answer.
pub(super) async fn of(database: &MongoDatabase) -> anyhow::Result<Vec<String>> {
    let name = database.database().name();
    let mut tables = database
        .database()
        .list_collection_names()
        .await
        .with_context(|| format!("the database {name} can't be read; is MongoDB up?"))?;
    tables.retain(|table| !table.starts_with("system.") && table != RESTORING);
    tables.sort();
    Ok(tables)
}

/// Tells who has read the tables of `service` before they were all there to read them again.
///
/// An instance of products that waits for the end of a restore may hold the catalogue of half a
/// database. It learns what changed from `product_changes`, which comes back as it was then. A count
/// whose ids are not kept has it read all products anew.
///
/// # Errors
/// When MongoDB does not answer or refuses.
pub(super) async fn read_again(service: &str, database: &MongoDatabase) -> anyhow::Result<()> {
    if service == "products" {
        let changes = database.database().collection("product_changes");
        let unknown = doc! {
            "_id": bson::Uuid::new(), "life": bson::Uuid::new(),
            "count": 1_i64, "ids": "", "at": DateTime::now(),
        };
        changes.insert_one(unknown).await?;
    }
    Ok(())
}

/// Makes the tables and indexes of `service` in the database `name`.
///
/// # Errors
/// When MongoDB does not answer or refuses.
pub(super) async fn prepare(service: &str, uri: &str, name: &str) -> anyhow::Result<()> {
    let settings = MongoSettings::new(uri, name);
    match service {
        "auth" => auth::migrate(&settings).await?,
        "products" => products::migrate(&settings).await?,
        "orders" => orders::migrate(&settings).await?,
        other => bail!("{other} has no database"),
    }
    Ok(())
}
