//! `quadrille bench --growth`: the same load on a shop that has more and more in its databases,
//! more instances, or a backlog. Each row is held against the first of its table.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Serialize;

use super::args::BenchArgs;
use super::demand::Skew;
use super::own_shop::in_own_shop;
use super::report::Report;
use super::run::{self, Load, progress};
use super::shop::{Batching, Servers, Shop};

/// Orders stored before; the empty shop comes again at the end, to show the machine's drift.
const ORDERS: [u64; 4] = [0, 100_000, 1_000_000, 0];
/// Products stored besides those that are ordered.
const PRODUCTS: [u64; 3] = [10, 1_000, 100_000];
/// Instances of orders and of products, all on one hot product.
const INSTANCES: [u64; 3] = [1, 2, 4];
/// How long the backlog may take.
const DRAIN_WITHIN: Duration = Duration::from_mins(20);

/// What came of all runs.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    orders: Vec<Row>,
    products: Vec<Row>,
    instances: Vec<Row>,
    drain: Drain,
}

#[derive(Debug, Serialize)]
struct Row {
    /// How many there were.
    count: u64,
    report: Report,
}

/// A backlog after an outage.
#[derive(Debug, Serialize)]
struct Drain {
    /// Orders placed while products was away.
    orders: usize,
    /// How fast they were placed, per second.
    placed_per_second: f64,
    /// From the end of the outage until the last one was settled, in seconds.
    seconds: f64,
    /// Settled per second.
    per_second: f64,
    violations: Vec<String>,
}

pub(super) async fn run(args: &BenchArgs, servers: &Servers) -> anyhow::Result<Growth> {
    let hot = BenchArgs {
        skew: Skew::Hot,
        ..args.clone()
    };
    let row = async |what: &str, number: usize, count: u64, args: BenchArgs| {
        let name = format!("{what}_{number}");
        let report = in_own_shop(&args, servers, &name, Batching::Usual).await?;
        anyhow::Ok(Row { count, report })
    };
    let (mut orders, mut products, mut instances) = (Vec::new(), Vec::new(), Vec::new());
    for (number, count) in ORDERS.into_iter().enumerate() {
        let stored = BenchArgs {
            stored: count,
            ..hot.clone()
        };
        orders.push(row("orders", number, count, stored).await?);
    }
    for (number, count) in PRODUCTS.into_iter().enumerate() {
        let stored = BenchArgs {
            stored_products: count,
            ..hot.clone()
        };
        products.push(row("products", number, count, stored).await?);
    }
    for (number, count) in INSTANCES.into_iter().enumerate() {
        let several = BenchArgs {
            instances: count,
            ..hot.clone()
        };
        instances.push(row("instances", number, count, several).await?);
    }
    Ok(Growth {
        orders,
        products,
        instances,
        drain: outage(&hot, servers).await?,
    })
}

/// Orders are placed while products stands still; then it goes on.
async fn outage(args: &BenchArgs, servers: &Servers) -> anyhow::Result<Drain> {
    let args = BenchArgs {
        orders: args.backlog,
        ..args.clone()
    };
    let shop = Shop::spread(servers, "outage", 1).await?;
    let load = Load::warm(&args, &shop.url).await?;
    shop.freeze("products", true)?;
    let bar = progress(args.orders, "while products is away");
    let began = Instant::now();
    let posted = load.pile_up(&args, args.orders, &bar).await?;
    let placed_in = began.elapsed();
    let placed = posted.iter().filter(|one| one.taken().is_some()).count();
    bar.set_message("until the last one is settled");
    shop.freeze("products", false)?;
    let began = Instant::now();
    load.settle(&bar, DRAIN_WITHIN).await?;
    let seconds = began.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let violations = run::audit(servers, &shop, false)
        .await
        .context("after the outage")?;
    shop.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "rates for people")]
    Ok(Drain {
        orders: placed,
        placed_per_second: placed as f64 / placed_in.as_secs_f64(),
        seconds,
        per_second: placed as f64 / seconds,
        violations,
    })
}

impl Growth {
    /// Whether every order of every run was right.
    pub(crate) fn sound(&self) -> bool {
        let rows = [&self.orders, &self.products, &self.instances];
        let all = rows.into_iter().flatten().all(|row| row.report.sound());
        all && self.drain.violations.is_empty()
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = [
            ("orders stored", &self.orders),
            ("products stored", &self.products),
            ("instances", &self.instances),
        ];
        for (what, rows) in tables {
            writeln!(
                f,
                "{what:<18}{:>11}{:>9}{:>9}{:>9}{:>12}",
                "settled/s", "ratio", "p50 ms", "p99 ms", "MongoDB"
            )?;
            let first = rows
                .first()
                .map_or(f64::NAN, |row| row.report.settled_per_second);
            for row in rows {
                let report = &row.report;
                let (rate, times) = (report.settled_per_second, &report.settled);
                let mongod = report.costs.iter().find(|cost| cost.part == "MongoDB");
                let mongod = mongod.map_or(f64::NAN, |cost| cost.cpu_seconds_per_1000);
                writeln!(
                    f,
                    "{:<18}{rate:>11.0}{:>9.2}{:>9.1}{:>9.1}{mongod:>12.3}",
                    row.count,
                    rate / first,
                    times.p50,
                    times.p99
                )?;
                for violation in report.violations.iter().flatten() {
                    writeln!(f, "  violation: {violation}")?;
                }
            }
            writeln!(f)?;
        }
        let drain = &self.drain;
        writeln!(
            f,
            "{} orders placed while products was away ({:.0}/s), settled {:.1} s after it came \
             back: {:.0}/s",
            drain.orders, drain.placed_per_second, drain.seconds, drain.per_second
        )?;
        let mut violations = drain.violations.iter();
        violations.try_for_each(|violation| writeln!(f, "  violation: {violation}"))
    }
}
