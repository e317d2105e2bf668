//! What of a service's database is kept.

use anyhow::Context;
use host::Role;
use outbox::mongo::{MongoDatabase, RESTORING};

use crate::services;

/// Tables of `service` that only wake who waits, or that a command left behind: each is made anew.
pub(super) fn left_out(service: &dyn Role, table: &str) -> bool {
    table.starts_with("system.") || table == "outbox_bell" || service.transient().contains(&table)
}

/// A service by its name, as an argument.
pub(super) fn service(name: &str) -> Result<&'static dyn Role, String> {
    services::named(name).map_err(|error| error.to_string())
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
