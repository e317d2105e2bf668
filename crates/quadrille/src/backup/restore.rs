//! `quadrille restore`: a service's database becomes the backup.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use bson::{Document, RawDocumentBuf, doc};
use clap::Args;
use host::Role;
use outbox::mongo::{MongoDatabase, MongoOptions};

use super::dump::{self, Reader};
use super::manifest::{Manifest, Mark, Table};
use super::tables;
use super::topics::{self, Ahead};
use crate::connection::ConnectionArgs;
use crate::progress::bar;

/// What to restore, and whither.
#[derive(Debug, Clone, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The folder that `quadrille backup` wrote
    dir: PathBuf,
    /// The service
    #[arg(long, value_parser = tables::service)]
    service: &'static dyn Role,
    /// The database to restore into, instead of the service's own
    #[arg(long, value_name = "DATABASE")]
    into: Option<String>,
    /// Delete the existing contents of the database
    #[arg(long)]
    replace: bool,
    /// Do not check that Kafka's topics match the backup
    #[arg(long)]
    without_topics: bool,
    /// Only check that the backup is complete and matches the topics; changes nothing
    #[arg(long, conflicts_with_all = ["replace", "into"])]
    check: bool,
}

/// A statement's documents: the server takes 100,000 or 48 MB at most.
const AT_ONCE: usize = 1_000;
const BYTES_AT_ONCE: usize = 8 * 1024 * 1024;

/// Restores, and prints what comes next.
///
/// # Errors
/// When the backup is not whole, does not fit the topics, the database is not empty or in use.
/// Nothing is changed before all that is looked at.
pub(crate) async fn run(args: &RestoreArgs) -> anyhow::Result<()> {
    let (manifest, folder) = Manifest::read(&args.dir, args.service.name())?;
    for table in &manifest.tables {
        dump::check(&folder, table)?;
    }
    println!(
        "{}, as of {:.0}: {} documents in {} tables, all of them whole.",
        manifest.service,
        manifest.read_at,
        manifest.documents(),
        manifest.tables.len()
    );
    let ahead = compare(args, &manifest).await?;
    show(args.service.name(), ahead.as_ref());
    if args.check {
        return Ok(());
    }
    let name = match &args.into {
        Some(name) => name.clone(),
        None => args.connection.database_name(args.service.name())?,
    };
    let uri = args.connection.mongodb_uri()?;
    let database = MongoDatabase::connect(&uri, &name, MongoOptions::default())
        .await
        .context("--mongodb-uri can't be used")?;
    let there = tables::of(&database).await?;
    refuse_if_in_use(&database, args.service.name()).await?;
    if !args.replace {
        refuse_unless_empty(args.service, &database, &there).await?;
    }
    database
        .begin_restoring(&again(args))
        .await
        .with_context(|| format!("the database {name} can't be written to; nothing was changed"))?;
    clear(&database, &there).await?;
    args.service.prepare(&database).await?;
    for table in &manifest.tables {
        fill(&database, &folder, table).await?;
    }
    database.restored().await.with_context(|| {
        format!("{name} still counts as half restored; begin again with --replace")
    })?;
    println!("The database {name} is the backup.");
    if args.into.is_none() {
        println!(
            "Start {}, wait until it is ready, and hold the databases against each other with `quadrille \
             audit`.",
            args.service.name()
        );
    }
    Ok(())
}

/// The command that begins anew when this one is cut off.
fn again(args: &RestoreArgs) -> String {
    let into = args.into.as_ref();
    let into = into.map_or_else(String::new, |name| format!(" --into {name}"));
    format!(
        "quadrille restore {} --service {}{into} --replace",
        args.dir.display(),
        args.service.name()
    )
}

/// Where the backup stands in the topics; none if Kafka is not to be asked or need not be.
async fn compare(args: &RestoreArgs, manifest: &Manifest) -> anyhow::Result<Option<Ahead>> {
    let marks = manifest.checkpoints.iter().chain(&manifest.own_topics);
    let marks: Vec<&Mark> = marks.collect();
    if args.without_topics || marks.is_empty() {
        return Ok(None);
    }
    let asked = async {
        let reader = args.connection.topics()?;
        topics::ends(&reader, &marks).await
    };
    let today = asked.await.context(
        "whether the topics are those that this database has read can't be seen; \
         --without-topics restores without looking",
    )?;
    topics::compare(manifest, &today).map(Some)
}

fn show(service: &str, ahead: Option<&Ahead>) {
    let Some(ahead) = ahead else { return };
    for (topic, records) in &ahead.own {
        println!("{topic}: {records} records since, which {service} takes back when it starts");
    }
    for (topic, records) in &ahead.heard {
        println!("{topic}: {records} records since, which {service} then consumes");
    }
}

/// One that runs on would publish beside the one that is restored.
async fn refuse_if_in_use(database: &MongoDatabase, service: &str) -> anyhow::Result<()> {
    let leases = database.database().collection::<Document>("outbox_leases");
    // By the server's clock, as it was granted.
    let held = doc! { "$expr": { "$gt": ["$expires_at", "$$NOW"] } };
    let held = leases.find_one(held).await?;
    ensure!(
        held.is_none(),
        "an instance of {service} publishes from the database {}: end every instance first. If it was \
         killed, its right to publish runs out in some seconds; then try again",
        database.database().name()
    );
    Ok(())
}

async fn refuse_unless_empty(
    service: &dyn Role,
    database: &MongoDatabase,
    there: &[String],
) -> anyhow::Result<()> {
    let database = database.database();
    for table in there
        .iter()
        .filter(|table| !tables::left_out(service, table))
    {
        let documents = database.collection::<Document>(table);
        ensure!(
            documents.find_one(doc! {}).await?.is_none(),
            "the database {} is not empty (there is something in {table}), and nothing was changed. \
             Save it with `quadrille backup` if it may still be needed, then give --replace",
            database.name()
        );
    }
    Ok(())
}

async fn clear(database: &MongoDatabase, there: &[String]) -> anyhow::Result<()> {
    for table in there {
        let documents = database.database().collection::<Document>(table);
        let gone = documents.drop().await;
        gone.with_context(|| format!("{table} can't be deleted"))?;
    }
    Ok(())
}

/// Writes the documents of `table`'s file and counts them.
async fn fill(database: &MongoDatabase, folder: &Path, table: &Table) -> anyhow::Result<()> {
    let name = &table.name;
    let collection = database.database().collection::<RawDocumentBuf>(name);
    let broken = || format!("{name} can't be restored; begin again with --replace");
    database
        .create_collection(name)
        .await
        .with_context(broken)?;
    let mut file = Reader::open(folder, table)?;
    let shown = bar("documents", table.documents);
    let (mut batch, mut bytes) = (Vec::new(), 0);
    loop {
        let next = file.next()?;
        let end = next.is_none();
        if let Some(document) = next {
            bytes += document.as_bytes().len();
            batch.push(document);
        }
        if batch.len() == AT_ONCE || bytes > BYTES_AT_ONCE || (end && !batch.is_empty()) {
            collection.insert_many(&batch).await.with_context(broken)?;
            shown.inc(batch.len() as u64);
            (batch, bytes) = (Vec::new(), 0);
        }
        if end {
            break;
        }
    }
    shown.finish_and_clear();
    let count = collection.count_documents(doc! {}).await?;
    ensure!(
        count == table.documents,
        "{name} has {count} documents, not {}: somebody writes to the database. End every instance \
         and begin again with --replace",
        table.documents
    );
    Ok(())
}
