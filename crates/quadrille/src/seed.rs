//! `quadrille seed`: the data that a new shop starts with.

use std::sync::Arc;

use anyhow::Context;
use outbox::SystemClock;
use outbox::mongo::{MongoDatabase, MongoOptions};
use service::config::MongoSettings;

use crate::place::Place;

/// Loads it, and says so.
///
/// # Errors
/// When a database is not reached.
pub(crate) async fn run(place: &Place) -> anyhow::Result<()> {
    let uri = place.mongodb_uri()?;
    load(&uri, &place.auth_database, &place.products_database).await?;
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
