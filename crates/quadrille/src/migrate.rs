//! `quadrille migrate SERVICE`: a service's tables, before it starts.
//!
//! A service makes them itself at its start; this is for deployments that want it done, and seen
//! to be done, before any instance of a new build takes requests. What an older build did not publish is
//! published here and by `quadrille up`, not by a service itself.

use anyhow::Context;
use clap::Args;
use host::Published;
use service::config::MongoSettings;

use crate::services::Of;

/// Which database, and what with it.
#[derive(Debug, Clone, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    mongo: MongoSettings,
    /// Repeat what is done once with the data of older builds: for when processes of an older build were
    /// still running the last time
    #[arg(long)]
    again: bool,
}

/// Makes collections, indexes and rules that are missing or older, and says so.
///
/// # Errors
/// When MongoDB is out of reach, or refuses.
pub(crate) async fn run(command: &Of<MigrateArgs>) -> anyhow::Result<()> {
    let (service, args) = (command.service, &command.args);
    let database = host::connect(service.name(), &args.mongo).await?;
    let prepared = service.prepare(&database).await;
    prepared.with_context(|| format!("the collections of {} can't be created", service.name()))?;
    if args.again {
        let forgotten = database.forget_migrations().await;
        forgotten
            .with_context(|| format!("the migrations of {} can't be repeated", service.name()))?;
    }
    let migrated = service.migrate(&database).await.with_context(|| {
        let name = service.name();
        format!("the data of {name} can't be migrated; repeat this, it goes on where it was")
    })?;
    println!(
        "The collections, indexes and rules of {} are in the database {}.",
        service.name(),
        database.database().name()
    );
    for Published { name, events } in migrated.published {
        match events {
            0 => println!("{name}: nothing to do."),
            _ => println!("{name}: {} will publish {events} events.", service.name()),
        }
    }
    for kept in migrated.kept {
        println!("Left as it was: {kept}.");
    }
    Ok(())
}
