//! `quadrille bench`: places many orders and says how many were settled, how fast, and what
//! that cost.
//!
//! Without `--rate` a closed loop: each client places its next order when the last one was
//! answered, which finds the peak. With `--rate` an open one: orders come when they are due,
//! whatever became of those before, and every second one waits until it is settled. In a
//! closed loop a few further orders each second, at fixed times, measure how long that takes.
//! Latencies count from when an order was due, so that nothing is left out while the shop (or
//! this program) is slow.
//!
//! A run on its own servers ends with the audit; a run with a violation has failed.

mod compare;
mod demand;
mod growth;
mod lane;
mod limit;
mod load;
mod meter;
mod past;
mod reads;
mod report;
mod run;
mod shop;

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};

pub(crate) use self::demand::Skew;
use self::reads::{ReadArgs, Reading};
pub(crate) use self::report::Report;
use self::shop::{Batching, Servers, Shop};

/// What to place, and where.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags of a command line, and clap says which exclude each other"
)]
pub(crate) struct BenchArgs {
    /// The gateway of a running shop; without it, the run starts a clean one of its own
    #[arg(long, env = "QUADRILLE_URL", conflicts_with_all = ["baseline", "limit", "compare"])]
    pub(crate) url: Option<String>,
    /// How many orders to place in all
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) orders: u64,
    /// How many orders to place before the measured ones, to warm everything up
    #[arg(long, default_value_t = 5_000)]
    pub(crate) warmup: u64,
    /// How many clients place them at once, each its next one when the last was answered
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) clients: u64,
    /// Place so many orders each second instead, answered or not
    #[arg(long, value_name = "PER_SECOND")]
    pub(crate) rate: Option<f64>,
    /// Over how many products the orders are spread, besides the scarce one
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub(crate) products: u64,
    /// How the orders are spread over them
    #[arg(long, value_enum, default_value = "uniform")]
    pub(crate) skew: Skew,
    /// How many different products an order has
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) lines: u64,
    /// How much there is of a further, scarce product, which orders ask for like for the
    /// others; 0 leaves it out
    #[arg(long, default_value_t = 0)]
    pub(crate) scarce: u32,
    /// Measure the same code with every batch limited instead
    #[arg(long, value_enum)]
    pub(crate) baseline: Option<Baseline>,
    /// Write the same documents and messages directly instead: no HTTP, no services
    #[arg(long, conflicts_with = "baseline")]
    pub(crate) limit: bool,
    /// How many orders `--limit` puts into one transaction
    #[arg(long, default_value_t = 128, value_name = "ORDERS")]
    pub(crate) limit_batch: usize,
    /// Measure the shop, its baseline and its limit on the same servers, and print the ratios
    #[arg(long, conflicts_with_all = ["baseline", "limit", "rate"])]
    pub(crate) compare: bool,
    /// How many settled orders the shop has from before
    #[arg(long, default_value_t = 0, conflicts_with_all = ["url", "limit"])]
    pub(crate) stored: u64,
    /// How many products it has besides those that are ordered
    #[arg(long, default_value_t = 0, conflicts_with_all = ["url", "limit"])]
    pub(crate) stored_products: u64,
    /// How many instances of orders and products there are; above 1 each service has a
    /// process of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=8), conflicts_with_all = ["url", "limit", "baseline"])]
    pub(crate) instances: u64,
    /// Measure how the shop keeps up as it grows: orders and products stored, instances, and a
    /// backlog after an outage
    #[arg(long, conflicts_with_all = ["url", "baseline", "limit", "compare", "rate", "stored", "stored_products", "instances"])]
    pub(crate) growth: bool,
    /// How many orders `--growth` places while products is away
    #[arg(long, default_value_t = 200_000, value_name = "ORDERS")]
    pub(crate) backlog: u64,
    /// Read instead of ordering: pages of a catalogue of 10,000 products, or logins
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["baseline", "limit", "compare", "growth", "rate"])]
    pub(crate) reads: Option<Reading>,
    /// How long to read, in seconds
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) read_for: u64,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The admin's e-mail address
    #[arg(long, default_value = "admin@admin.com")]
    pub(crate) email: String,
    /// The admin's password
    #[arg(
        long,
        default_value = "admin@admin.com",
        hide_env_values = true,
        env = "QUADRILLE_ADMIN_PASSWORD"
    )]
    pub(crate) password: String,
}

/// What to hold the shop against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Baseline {
    /// One order, one event, one outbox record in each transaction
    OnePerTransaction,
}

/// Runs what `args` ask for and prints what came of it; whether all was right.
///
/// # Errors
/// When the shop is not reached or can't be started, or orders stay pending.
pub(crate) async fn run(args: &BenchArgs) -> anyhow::Result<bool> {
    if let Some(rate) = args.rate {
        ensure!(rate > 0.0 && rate.is_finite(), "--rate must be above 0");
    }
    if args.products == 0 && args.scarce == 0 {
        bail!("no product to order: give --products or --scarce");
    }
    if let (Some(url), Some(what)) = (&args.url, args.reads) {
        return read(args, what, url).await;
    }
    if let Some(url) = &args.url {
        let report = run::measure(args, url, Vec::new()).await?;
        return show(args, &report, report.sound());
    }
    let servers = Servers::start().await?;
    let outcome = on_own_servers(args, &servers).await;
    servers.stop().await;
    outcome
}

async fn on_own_servers(args: &BenchArgs, servers: &Servers) -> anyhow::Result<bool> {
    if args.compare {
        let comparison = compare::run(args, servers).await?;
        return show(args, &comparison, comparison.sound());
    }
    if let Some(what) = args.reads {
        let shop = Shop::spread(servers, "reads", 1).await?;
        let outcome = read(args, what, &shop.url).await;
        shop.stop().await?;
        return outcome;
    }
    if args.growth {
        let growth = growth::run(args, servers).await?;
        return show(args, &growth, growth.sound());
    }
    if args.limit {
        let limit = compare::limit(args, servers, "limit").await?;
        return show(args, &limit, true);
    }
    let batching = match args.baseline {
        Some(Baseline::OnePerTransaction) => Batching::OnePerTransaction,
        None => Batching::Usual,
    };
    let report = in_own_shop(args, servers, "bench", batching).await?;
    show(args, &report, report.sound())
}

/// How many products the catalogue has that is read.
const CATALOGUE: usize = 10_000;

async fn read(args: &BenchArgs, what: Reading, url: &str) -> anyhow::Result<bool> {
    let report = reads::measure(
        &ReadArgs {
            url: url.to_owned(),
            email: args.email.clone(),
            password: args.password.clone(),
            products: CATALOGUE,
            clients: usize::try_from(args.clients)?,
            time: Duration::from_secs(args.read_for),
        },
        what,
    )
    .await?;
    show(args, &report, report.sound())
}

/// A run in a shop that is started for it and audited after it.
async fn in_own_shop(
    args: &BenchArgs,
    servers: &Servers,
    name: &str,
    batching: Batching,
) -> anyhow::Result<Report> {
    past::write(servers, name, args.stored, args.stored_products).await?;
    let shop = match usize::try_from(args.instances)? {
        1 => Shop::start(servers, name, batching).await?,
        instances => Shop::spread(servers, name, instances).await?,
    };
    let mut parts = shop.parts();
    parts.extend(servers.parts());
    parts.push(meter::Part::load_generator());
    let report = run::measure(args, &shop.url, parts).await;
    let audited = match report {
        Ok(mut report) => {
            // What was stored before has no messages to compare with.
            let databases_only = args.stored > 0 || args.stored_products > 0;
            report.violations = Some(run::audit(servers, &shop, databases_only).await?);
            Ok(report)
        }
        Err(error) => Err(error).context("the run broke off"),
    };
    shop.stop().await?;
    audited
}

fn show<R: serde::Serialize + std::fmt::Display>(
    args: &BenchArgs,
    report: &R,
    sound: bool,
) -> anyhow::Result<bool> {
    if args.json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        println!("{report}");
    }
    Ok(sound)
}
