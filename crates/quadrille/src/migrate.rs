//! `quadrille migrate SERVICE`: a service's tables, before it starts.
//!
//! A service makes them itself at its start; this is for deployments that want it done, and seen
//! to be done, before any instance of a new build takes requests.

use anyhow::Context;
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
    println!(
        "The collections, indexes and rules of {} are in the database {}.",
        service.name(),
        database.database().name()
    );
    Ok(())
}
