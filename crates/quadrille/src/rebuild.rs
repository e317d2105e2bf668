//! `quadrille rebuild`: a local copy made anew from its owner's topic.
//!
//! What it should be is made from everything that the topic holds, compared with the live copy, and
//! put in its place while the service runs.
//!
//! A running service may hear of a change between our reading and our looking: then its copy
//! is newer than what was built, and rightly so. So everything is looked at in rounds, each of
//! which reads on to the topic's end first; what is still the same difference in the next
//! round does not come from the topic.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use futures::TryStreamExt;
use outbox::InboxStore;
use outbox::mongo::MongoDatabase;
use quadrille::SERVICES;
use replica::{Difference, LocalCopy, Newest};
use serde::Serialize;

use crate::connection::ConnectionArgs;
use crate::progress::bar;

/// What to rebuild.
#[derive(Debug, Clone, Args)]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The copy, such as orders.products
    copy: String,
    /// Compare only; exit status 1 if there is a difference
    #[arg(long)]
    check: bool,
    /// Also take what is older than the live copy, or delete what the topic does not know
    #[arg(long, conflicts_with = "check")]
    even_back: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What a rebuild came to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcome {
    copy: String,
    /// Records read from the topic.
    records: u64,
    /// Things whose newest state they say.
    built: u64,
    /// What differed and is right now.
    repaired: Vec<String>,
    /// What differs.
    differences: Vec<String>,
    /// Of these, those that would go back to an older version, or away.
    backward: u64,
}

/// How often a difference is looked at before it is believed.
const LOOKS: u32 = 6;
/// How long a running service may take to handle what we have read.
const PAUSE: Duration = Duration::from_millis(400);

/// Rebuilds or compares, and prints what it came to; `false` when a difference is left.
///
/// # Errors
/// When the copy is unknown, or something can't be read.
pub(crate) async fn run(args: &RebuildArgs) -> anyhow::Result<bool> {
    let (service, copy) = named(&args.copy)?;
    let mut work = Rebuild {
        database: args.connection.database(service).await?,
        reader: args.connection.topics()?,
        service,
        copy,
        newest: Newest::default(),
        read_to: BTreeMap::new(),
        outcome: Outcome {
            copy: args.copy.clone(),
            ..Outcome::default()
        },
    };
    if args.check {
        work.check().await?;
    } else {
        work.swap(args.even_back).await?;
    }
    let outcome = work.outcome;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        show(&outcome, args.check);
    }
    Ok(outcome.differences.is_empty())
}

/// The copy `name`, and the service that keeps it.
///
/// # Errors
/// When there is none; the text names those that there are.
fn named(name: &str) -> anyhow::Result<(&'static str, LocalCopy)> {
    let copies = SERVICES.iter().flat_map(|service| {
        let copies = service.copies().into_iter();
        copies.map(|copy| {
            (
                format!("{}.{}s", service.name(), copy.of),
                (service.name(), copy),
            )
        })
    });
    let mut copies: BTreeMap<_, _> = copies.collect();
    let found = copies.remove(name);
    let known: Vec<String> = copies.into_keys().collect();
    found.with_context(|| format!("there is no copy {name:?}; there are: {}", known.join(", ")))
}

struct Rebuild {
    service: &'static str,
    copy: LocalCopy,
    database: MongoDatabase,
    reader: outbox::kafka::TopicReader,
    /// What the topic says, as far as it has been read.
    newest: Newest,
    /// Up to where each partition has been read.
    read_to: BTreeMap<i32, i64>,
    outcome: Outcome,
}

impl Rebuild {
    /// Compares until nothing differs; what stays through all rounds is no news under way.
    async fn check(&mut self) -> anyhow::Result<()> {
        let mut left: Option<Vec<Difference>> = None;
        for _ in 0..LOOKS {
            self.read_on().await?;
            let mut found = self.copy.compare(&self.database, &self.newest).await?;
            if let Some(left) = &left {
                found.retain(|finding| finding.is_unchanged_in(left));
            }
            let done = found.is_empty();
            left = Some(found);
            if done {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.report(&left.unwrap_or_default());
        Ok(())
    }

    /// Swaps, and again for what would go back: if that is unchanged then, although everything
    /// was read that its service can have heard before, it does not come from the topic.
    async fn swap(&mut self, even_back: bool) -> anyhow::Result<()> {
        self.read_on().await?;
        let mut left = self.swap_in(&[]).await?;
        if !left.is_empty() {
            tokio::time::sleep(PAUSE).await;
            self.read_on().await?;
            let mut still = self.swap_in(&[]).await?;
            still.retain(|finding| finding.is_unchanged_in(&left));
            left = still;
        }
        if even_back && !left.is_empty() {
            let mut still = self.swap_in(&left).await?;
            still.retain(|finding| finding.is_unchanged_in(&left));
            left = still;
        }
        self.report(&left);
        Ok(())
    }

    async fn swap_in(&mut self, back: &[Difference]) -> anyhow::Result<Vec<Difference>> {
        let (database, newest) = (&self.database, &self.newest);
        let swapping = self.copy.swap(database, self.service, newest, back);
        let (taken, left) = swapping.await?;
        let repaired = taken.iter().map(|found| text(&self.copy, found));
        self.outcome.repaired.extend(repaired);
        Ok(left)
    }

    fn report(&mut self, left: &[Difference]) {
        self.outcome.built = self.newest.len() as u64;
        self.outcome.backward = left.iter().filter(|found| found.goes_back).count() as u64;
        let differences = left.iter().map(|found| text(&self.copy, found));
        self.outcome.differences = differences.collect();
    }

    /// Takes over what the topic holds beyond what has been read.
    async fn read_on(&mut self) -> anyhow::Result<()> {
        let topic = self.copy.topic;
        // Before the ends: a service at work never stands beyond an end that is read later.
        let claims = self.database.checkpoints(self.service).await?;
        let ends = self.reader.ends(topic).await?;
        for end in &ends {
            let claim = claims.iter().find(|claim| claim.at == end.at);
            ensure!(
                claim.is_none_or(|claim| claim.next <= end.high && end.is_of(claim.topic_id)),
                "the checkpoint of {} stands beyond the topic's end, {}, or is of another topic of this \
                 name: this is not the topic that the database has read. Connect the two that belong \
                 together",
                end.at,
                end.high
            );
        }
        let from = ends.iter().map(|end| {
            let read = self.read_to.get(&end.at.partition).copied();
            (end.at.partition, read.unwrap_or(end.low).max(end.low))
        });
        let from: BTreeMap<i32, i64> = from.collect();
        let to = ends.iter().map(|end| (end.at.partition, end.high));
        let to: BTreeMap<i32, i64> = to.collect();
        let total: i64 = to.iter().map(|(partition, to)| to - from[partition]).sum();
        let shown = bar("records read", total.unsigned_abs());
        let mut records = self.reader.read(topic, &from, &to);
        while let Some(record) = records
            .try_next()
            .await
            .with_context(|| format!("{topic} can't be read"))?
        {
            self.outcome.records += 1;
            shown.inc(1);
            self.copy.take_record(&mut self.newest, &record);
        }
        drop(records);
        shown.finish_and_clear();
        self.read_to = to;
        Ok(())
    }
}

/// A difference in a sentence.
fn text(copy: &LocalCopy, found: &Difference) -> String {
    format!(
        "{} {}: live is {}; the topic says {}",
        copy.of, found.id, found.live, found.owner
    )
}

fn show(outcome: &Outcome, check: bool) {
    println!("records read      {:>10}", outcome.records);
    println!("documents built   {:>10}", outcome.built);
    for repaired in &outcome.repaired {
        println!("repaired: {repaired}");
    }
    for difference in &outcome.differences {
        println!("differs: {difference}");
    }
    match (outcome.differences.is_empty(), check) {
        (true, true) => println!("The live copy is what the topic says."),
        (true, false) => println!("The live copy is what the topic says, and in its place."),
        (false, true) => println!("`quadrille rebuild {}` repairs it.", outcome.copy),
        (false, false) => println!(
            "These are newer than the topic, or unknown to it, and were left alone. Ask `quadrille audit` \
             what their owner says; --even-back takes the topic's word."
        ),
    }
}
