//! `quadrille seed`: the data that a new shop starts with.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use outbox::SystemClock;
use outbox::mongo::{MongoDatabase, MongoOptions};
use service::config::MongoSettings;

/// Where to put the demo data.
#[derive(Debug, Clone, Args)]
pub(crate) struct SeedArgs {
    /// MongoDB's connection string; without it, that of the `quadrille up` that runs here
    #[arg(
        long = "mongodb-uri",
        env = "QUADRILLE_MONGODB_URI",
        hide_env_values = true
    )]
    pub(crate) mongodb_uri: Option<String>,
    /// The database of the auth service
    #[arg(long, default_value = "auth")]
    pub(crate) auth_database: String,
    /// The database of the products service
    #[arg(long, default_value = "products")]
    pub(crate) products_database: String,
}

/// Loads it, and says so.
///
/// # Errors
/// When a database is not reached.
pub(crate) async fn run(args: &SeedArgs) -> anyhow::Result<()> {
    let uri = crate::up::running_mongodb(args.mongodb_uri.as_deref())?;
    load(&uri, &args.auth_database, &args.products_database).await?;
    println!(
        "The demo data is there. Users: {}",
        DEMO_USERS.map(|(email, _)| email).join(", ")
    );
    println!("Each one's password is the e-mail address.");
    Ok(())
}

/// The demo users, each with its e-mail address as its password. Never in a production start.
pub(crate) const DEMO_USERS: [(&str, auth::Role); 2] = [
    ("admin@admin.com", auth::Role::Admin),
    ("aaa@aaa.com", auth::Role::User),
];

/// How many products the demo data has.
pub(crate) const DEMO_PRODUCTS: u64 = 4;

/// Puts the demo data into the services' databases; what is there is left alone.
///
/// # Errors
/// When a database is not reached.
pub(crate) async fn load(
    uri: &str,
    auth_database: &str,
    products_database: &str,
) -> anyhow::Result<()> {
    let settings = auth::Settings {
        mongo: MongoSettings::new(uri, auth_database),
        ..Default::default()
    };
    for (email, role) in DEMO_USERS {
        auth::seed_account(&settings, email, email, role)
            .await
            .context("the demo users could not be made")?;
    }
    let database = MongoDatabase::connect(uri, products_database, MongoOptions::default()).await?;
    products::seed_demo(&database, Arc::new(SystemClock))
        .await
        .context("the demo products could not be made")?;
    Ok(())
}
