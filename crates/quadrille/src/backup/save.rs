//! `quadrille backup`: reads the databases at one moment and writes them into files.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use bson::{RawDocumentBuf, doc};
use clap::Args;
use host::Role;
use jiff::Timestamp;
use outbox::mongo::{MongoDatabase, MongoOptions, RESTORING};
use quadrille::SERVICES;

use super::dump::Writer;
use super::manifest::{FORMAT, Manifest, Mark};
use super::{tables, topics};
use crate::connection::ConnectionArgs;

/// What to save, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The folder that gets a folder for each service
    dir: PathBuf,
    /// Only this service; may be given again
    #[arg(long = "service", value_name = "SERVICE", value_parser = tables::service)]
    services: Vec<&'static dyn Role>,
    /// Print the manifests as JSON
    #[arg(long)]
    json: bool,
}

/// A service's database that is being saved.
struct Part {
    database: MongoDatabase,
    tables: Vec<String>,
    /// Not whole until it is renamed.
    folder: PathBuf,
    manifest: Manifest,
}

/// Saves, and prints what was saved.
///
/// # Errors
/// When a database can't be read or a file can't be written; no backup of that name is then there.
pub(crate) async fn run(args: &BackupArgs) -> anyhow::Result<()> {
    let mut parts = Vec::new();
    for service in SERVICES {
        let asked = |one: &&dyn Role| one.name() == service.name();
        if args.services.is_empty() || args.services.iter().any(asked) {
            parts.push(begin(args, *service).await?);
        }
    }
    read(&mut parts).await?;
    for part in &mut parts {
        part.manifest.topic_ends = topic_ends(args, &part.manifest).await;
        part.manifest.write(&part.folder)?;
        let whole = args.dir.join(&part.manifest.service);
        fs::File::open(&part.folder)
            .and_then(|folder| folder.sync_all())
            .and_then(|()| fs::rename(&part.folder, &whole))
            .and_then(|()| fs::File::open(&args.dir)?.sync_all())
            .with_context(|| format!("{} can't be written", whole.display()))?;
    }
    let manifests: Vec<Manifest> = parts.into_iter().map(|part| part.manifest).collect();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&manifests)?);
    } else {
        show(&manifests, &args.dir);
    }
    Ok(())
}

/// Looks whether `service` can be saved, and makes its folder.
async fn begin(args: &BackupArgs, role: &dyn Role) -> anyhow::Result<Part> {
    let service = role.name();
    let whole = args.dir.join(service);
    ensure!(
        !whole.exists(),
        "{} is there already, and no backup is written over: name another folder",
        whole.display()
    );
    let name = args.connection.database_name(service)?;
    let uri = args.connection.mongodb_uri()?;
    let database = MongoDatabase::connect(&uri, &name, MongoOptions::default())
        .await
        .context("--mongodb-uri can't be used")?;
    let mut tables = tables::of(&database).await?;
    if let Some(restoring) = database.restoring().await? {
        bail!("nothing was saved: {restoring}");
    }
    tables.retain(|table| !tables::left_out(role, table));
    ensure!(
        !tables.is_empty(),
        "the database {name} holds no tables: name that of {service} with --databases"
    );
    let folder = args.dir.join(format!(".{service}.partial"));
    // What an earlier one left that was cut off.
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("{} can't be removed", folder.display()))?;
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("{} can't be created", folder.display()))?;
    let manifest = Manifest {
        format: FORMAT,
        quadrille: env!("CARGO_PKG_VERSION").to_owned(),
        service: service.to_owned(),
        database: name,
        read_at: Timestamp::now(),
        tables: Vec::new(),
        checkpoints: Vec::new(),
        own_topics: Vec::new(),
        topic_ends: None,
    };
    Ok(Part {
        database,
        tables,
        folder,
        manifest,
    })
}

/// Reads all tables of all parts in one session, which shows them as they are at its first read.
async fn read(parts: &mut [Part]) -> anyhow::Result<()> {
    let Some(first) = parts.first() else {
        return Ok(());
    };
    let server = first.database.clone();
    let session = server.database().client().start_session();
    let mut session = session.snapshot(true).await?;
    let read_at = Timestamp::now();
    for part in parts {
        part.manifest.read_at = read_at;
        let database = server.in_snapshot(part.database.database().name());
        for name in &part.tables {
            let broken = || format!("{}.{name} can't be read", database.name());
            let table = database.collection::<RawDocumentBuf>(name);
            let found = table.find(doc! {}).sort(doc! { "_id": 1 });
            let mut found = explained(found.session(&mut session).await).with_context(broken)?;
            let mut file = Writer::create(&part.folder, name)?;
            while let Some(document) = found.next(&mut session).await {
                let document = explained(document).with_context(broken)?;
                match name.as_str() {
                    "checkpoints" => {
                        let mark = topics::checkpoint(&document)?;
                        part.manifest.checkpoints.push(mark);
                    }
                    "own_topics" => part.manifest.own_topics = topics::own_ends(&document)?,
                    _ => {}
                }
                file.add(&document)?;
            }
            part.manifest.tables.push(file.finish()?);
        }
        ensure!(
            session.snapshot_time().is_some(),
            "nothing was saved: MongoDB does not show the tables of the database {} at one moment",
            database.name()
        );
        // Of the same moment as the tables: a restore may have begun since they were listed.
        let mark = database.collection::<RawDocumentBuf>(RESTORING);
        let mark = mark.find_one(doc! {}).session(&mut session).await?;
        ensure!(
            mark.is_none(),
            "nothing was saved: a restore of the database {} began meanwhile",
            database.name()
        );
        part.manifest.checkpoints.sort();
    }
    Ok(())
}

/// The server keeps what it needs for a moment of the past five minutes only.
fn explained<T, E>(result: Result<T, E>) -> anyhow::Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match result {
        Err(error) if error.to_string().contains("SnapshotTooOld") => bail!(
            "MongoDB does not know that moment any more; reading took longer than its parameter \
             minSnapshotHistoryWindowInSeconds (300). Raise it, or save fewer services at once \
             (--service): db.adminCommand({{setParameter: 1, minSnapshotHistoryWindowInSeconds: 3600}})"
        ),
        other => Ok(other?),
    }
}

/// What the topics hold; for who reads the manifest, so a backup is made without it as well.
async fn topic_ends(args: &BackupArgs, manifest: &Manifest) -> Option<Vec<super::manifest::Ends>> {
    let marks: Vec<&Mark> = manifest
        .checkpoints
        .iter()
        .chain(&manifest.own_topics)
        .collect();
    if marks.is_empty() {
        return None;
    }
    let asked = async {
        let reader = args.connection.topics()?;
        topics::ends(&reader, &marks).await
    };
    match asked.await {
        Ok(ends) => Some(ends),
        Err(error) => {
            eprintln!("note: the ends of the topics are not in the manifest: {error:#}");
            None
        }
    }
}

fn show(manifests: &[Manifest], folder: &Path) {
    for manifest in manifests {
        println!(
            "{:10} {:>10} documents {:>14} bytes, as of {:.0}",
            manifest.service,
            manifest.documents(),
            manifest.bytes(),
            manifest.read_at
        );
    }
    println!(
        "In {}; `quadrille restore {} --service SERVICE --check` looks whether it is whole.",
        folder.display(),
        folder.display()
    );
}
