//! `quadrille migrate SERVICE`: a service's tables, before it starts.
//!
//! A service makes them itself at its start; this is for deployments that want it done, and seen
//! to be done, before any instance of a new build takes requests. What an older build left is brought up
//! to date here only.

use anyhow::Context;
use host::Migrated;
use service::config::MongoSettings;

use crate::services::Of;

/// Makes collections, indexes and rules that are missing or older, and says so.
///
/// # Errors
/// When MongoDB is out of reach, or refuses.
pub(crate) async fn run(command: &Of<MongoSettings>) -> anyhow::Result<()> {
    let (service, settings) = (command.service, &command.args);
    let database = host::connect(service.name(), settings).await?;
    let prepared = service.prepare(&database).await;
    prepared.with_context(|| format!("the collections of {} can't be created", service.name()))?;
    let migrated = service.migrate(&database).await.with_context(|| {
        let name = service.name();
        format!("the data of {name} can't be migrated; repeat this, it goes on where it was")
    })?;
    println!(
        "The collections, indexes and rules of {} are in the database {}.",
        service.name(),
        database.database().name()
    );
    for Migrated { name, events } in migrated {
        match events {
            0 => println!("{name}: nothing to do."),
            _ => println!("{name}: {} will publish {events} events.", service.name()),
        }
    }
    Ok(())
}
