//! `quadrille migrate SERVICE`: a service's tables, before it starts.
//!
//! A service makes them itself at its start; this is for deployments that want it done, and seen
//! to be done, before any instance of a new build takes requests.

use clap::Subcommand;
use service::config::MongoSettings;

/// Whose tables.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Those of accounts and tokens
    Auth(MongoSettings),
    /// Those of the catalogue and the stock
    Products(MongoSettings),
    /// Those of orders
    Orders(MongoSettings),
}

/// Makes collections, indexes and rules that are missing or older, and says so.
///
/// # Errors
/// When MongoDB is out of reach, or refuses.
pub(crate) async fn run(command: &MigrateCommand) -> anyhow::Result<()> {
    let (service, settings) = match command {
        MigrateCommand::Auth(settings) => {
            auth::migrate(settings).await?;
            ("auth", settings)
        }
        MigrateCommand::Products(settings) => {
            products::migrate(settings).await?;
            ("products", settings)
        }
        MigrateCommand::Orders(settings) => {
            orders::migrate(settings).await?;
            ("orders", settings)
        }
    };
    let database = settings.database.as_deref().unwrap_or(service);
    println!("The collections, indexes and rules of {service} are in the database {database}.");
    Ok(())
}
