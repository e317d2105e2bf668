//! `quadrille seed`: the data that a new shop starts with.

use anyhow::Context;
use outbox::mongo::{MongoDatabase, MongoOptions};
use quadrille::SERVICES;

use crate::connection::ConnectionArgs;

/// Loads it, and says so.
///
/// # Errors
/// When a database is not reached.
pub(crate) async fn run(connection: &ConnectionArgs) -> anyhow::Result<()> {
    let uri = connection.mongodb_uri()?;
    for service in SERVICES {
        load(*service, &uri, &connection.database_name(service.name())?).await?;
    }
    println!(
        "The demo data is there. Users: {}",
        auth::DEMO_USERS.map(|(email, _)| email).join(", ")
    );
    println!("Each one's password is the e-mail address.");
    Ok(())
}

/// Puts the demo data of `service` into its database; what is there is left alone.
///
/// # Errors
/// When the database is not reached.
pub(crate) async fn load(
    service: &dyn host::Role,
    uri: &str,
    database: &str,
) -> anyhow::Result<()> {
    let database = MongoDatabase::connect(uri, database, MongoOptions::default()).await?;
    let loaded = service.load_demo(&database).await;
    loaded
        .map_err(anyhow::Error::from_boxed)
        .with_context(|| format!("the demo data of {} could not be made", service.name()))
}
