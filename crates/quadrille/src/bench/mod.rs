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

mod args;
mod compare;
mod demand;
mod growth;
mod history;
mod limit;
mod load;
mod meter;
mod own_shop;
mod reads;
mod report;
mod run;
mod shop;
mod worker;

use std::time::Duration;

use anyhow::{bail, ensure};

use self::args::Baseline;
pub(crate) use self::args::BenchArgs;
use self::own_shop::in_own_shop;
use self::reads::{ReadArgs, Reading};
use self::shop::{Batching, Servers, Shop};

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
