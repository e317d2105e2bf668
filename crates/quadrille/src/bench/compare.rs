//! `quadrille bench --compare`: the shop, its baseline and its limit in one run on the same
//! servers, as ratios. Machines differ and are noisy; ratios within a run hold.

use std::fmt;

use serde::Serialize;

use super::args::BenchArgs;
use super::demand::Skew;
use super::limit as writing;
use super::meter::{Cost, Meter, Part};
use super::own_shop::in_own_shop;
use super::report::Report;
use super::shop::{Batching, Servers};

/// What the servers alone allow.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Limit {
    /// Orders in each transaction.
    pub(crate) batch: usize,
    /// Orders written.
    pub(crate) orders: u64,
    /// Their whole life, for so many orders each second.
    pub(crate) per_second: f64,
    /// What each part used; the load generator writes everything itself here.
    pub(crate) costs: Vec<Cost>,
}

/// The figures of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    limits: Vec<Limit>,
    uniform: Report,
    hot: Report,
    quiet: Report,
    quiet_rate: f64,
    baseline: Report,
    ratios: Vec<Ratio>,
}

/// A target of `docs/performance.md` and what was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ratio {
    measure: &'static str,
    target: String,
    measured: f64,
    met: bool,
}

/// One transaction for each order is slow: so many are enough to see how slow.
const BASELINE_ORDERS: u64 = 1_500;
/// With more clients some would be told that it takes too long.
const BASELINE_CLIENTS: u64 = 16;
/// How long the quiet run takes, in seconds.
const QUIET_FOR: f64 = 20.0;

pub(super) async fn limit(
    args: &BenchArgs,
    servers: &Servers,
    name: &str,
) -> anyhow::Result<Limit> {
    // The first ones pay for connections, caches and the broker's compiler.
    let warmup = format!("{name}_warmup");
    writing::run(servers, &warmup, args.warmup.max(1), args.limit_batch).await?;
    let mut parts = servers.parts();
    parts.push(Part::load_generator());
    let meter = Meter::start(parts);
    let took = writing::run(servers, name, args.orders, args.limit_batch).await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let per_second = args.orders as f64 / took.as_secs_f64();
    Ok(Limit {
        batch: args.limit_batch,
        orders: args.orders,
        per_second,
        costs: meter.read(args.orders),
    })
}

pub(super) async fn run(args: &BenchArgs, servers: &Servers) -> anyhow::Result<Comparison> {
    let mut limits = Vec::new();
    // Before and after, so that a machine that gets slower meanwhile is seen.
    limits.push(limit(args, servers, "limit_before").await?);
    let with_skew = |skew| BenchArgs {
        skew,
        ..args.clone()
    };
    let uniform = in_own_shop(
        &with_skew(Skew::Uniform),
        servers,
        "uniform",
        Batching::Usual,
    )
    .await?;
    let hot = in_own_shop(&with_skew(Skew::Hot), servers, "hot", Batching::Usual).await?;
    let quiet_rate = (hot.settled_per_second / 10.0).max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of orders"
    )]
    let quiet_args = BenchArgs {
        rate: Some(quiet_rate),
        orders: (quiet_rate * QUIET_FOR) as u64 + 1,
        ..with_skew(Skew::Hot)
    };
    let quiet = in_own_shop(&quiet_args, servers, "quiet", Batching::Usual).await?;
    let baseline_args = BenchArgs {
        orders: BASELINE_ORDERS.min(args.orders),
        clients: BASELINE_CLIENTS.min(args.clients),
        warmup: 200,
        ..with_skew(Skew::Hot)
    };
    let batching = Batching::OnePerTransaction;
    let baseline = in_own_shop(&baseline_args, servers, "baseline", batching).await?;
    limits.push(limit(args, servers, "limit_after").await?);
    let ratios = ratios(&limits, &uniform, &hot, &quiet, &baseline);
    Ok(Comparison {
        limits,
        uniform,
        hot,
        quiet,
        quiet_rate,
        baseline,
        ratios,
    })
}

fn ratios(
    limits: &[Limit],
    uniform: &Report,
    hot: &Report,
    quiet: &Report,
    baseline: &Report,
) -> Vec<Ratio> {
    #[expect(clippy::cast_precision_loss, reason = "two of them")]
    let limit = limits.iter().map(|one| one.per_second).sum::<f64>() / limits.len() as f64;
    let services = |report: &Report| {
        let part = report.costs.iter().find(|cost| cost.part == "services");
        part.map_or(f64::NAN, |cost| cost.memory_mb)
    };
    let least = |measure, target: f64, measured: f64| Ratio {
        measure,
        target: format!(">= {target}"),
        measured,
        met: measured >= target,
    };
    let most = |measure, target: f64, measured: f64| Ratio {
        measure,
        target: format!("<= {target}"),
        measured,
        met: measured <= target,
    };
    vec![
        least(
            "settled/s, hot product, over the limit",
            0.6,
            hot.settled_per_second / limit,
        ),
        least(
            "settled/s, hot product, over one per transaction",
            20.0,
            hot.settled_per_second / baseline.settled_per_second,
        ),
        least(
            "settled/s, hot product over uniform",
            0.9,
            hot.settled_per_second / uniform.settled_per_second,
        ),
        most(
            "POST to settled at a tenth of the peak, p50 ms",
            25.0,
            quiet.settled.p50,
        ),
        most(
            "POST to settled at a tenth of the peak, p99 ms",
            60.0,
            quiet.settled.p99,
        ),
        most("the services' memory under load, MB", 150.0, services(hot)),
    ]
}

impl Comparison {
    /// Whether every order of every run was right. A target that is missed is no fault.
    pub(crate) fn sound(&self) -> bool {
        [&self.uniform, &self.hot, &self.quiet, &self.baseline]
            .iter()
            .all(|report| report.sound())
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the servers alone, {} orders in each transaction: {:.0} orders/s (CPU s/1000:",
            self.batch, self.per_second
        )?;
        for cost in &self.costs {
            write!(f, " {} {:.3}", cost.part, cost.cpu_seconds_per_1000)?;
        }
        write!(f, ")")
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quiet = format!("{:.0} orders a second, hot product", self.quiet_rate);
        let runs = [
            ("spread over the products", &self.uniform),
            ("a hot product", &self.hot),
            (&*quiet, &self.quiet),
            ("one per transaction, hot product", &self.baseline),
        ];
        for (what, report) in runs {
            writeln!(f, "== {what}\n{report}")?;
        }
        for limit in &self.limits {
            writeln!(f, "{limit}")?;
        }
        writeln!(f, "\n{:<52}{:>10}{:>10}", "measure", "target", "measured")?;
        for ratio in &self.ratios {
            let mark = if ratio.met { "" } else { "  missed" };
            let measure = ratio.measure;
            writeln!(
                f,
                "{measure:<52}{:>10}{:>10.2}{mark}",
                ratio.target, ratio.measured
            )?;
        }
        Ok(())
    }
}
