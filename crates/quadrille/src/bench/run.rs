//! One run: products, warm-up, load, and waiting until the last order is settled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use service::config::KafkaSecuritySettings;
use tokio::task::JoinSet;

use super::args::BenchArgs;
use super::demand::Demand;
use super::load::{Outcome, Shopper};
use super::meter::{Meter, Part};
use super::report::Report;
use super::shop::{Servers, Shop};
use crate::audit::{self, AuditArgs};
use crate::connection::ConnectionArgs;

/// How long after the last order was placed the rest may take to be settled.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many orders each second measure the time to settle in a closed loop.
const PROBES_PER_SECOND: f64 = 20.0;
/// The most orders under way in an open loop; beyond, the shop is hopelessly behind.
const UNDER_WAY: usize = 20_000;

/// Measures the shop at `url`, and what `parts` use meanwhile.
pub(super) async fn measure(
    args: &BenchArgs,
    url: &str,
    parts: Vec<Part>,
) -> anyhow::Result<Report> {
    let load = Load::warm(args, url).await?;
    let bar = progress(args.orders, "");
    let meter = Meter::start(parts);
    let began = Instant::now();
    let (posted, probed) = match args.rate {
        Some(rate) => load.open(args, rate, &bar).await?,
        None => load.closed(args, args.orders, &bar).await?,
    };
    let placed_in = began.elapsed();
    bar.set_message("waiting until the last one is settled");
    load.settle(&bar, PATIENCE).await?;
    let settled_in = began.elapsed();
    bar.finish_and_clear();
    Ok(Report::new(&posted, &probed, placed_in, settled_in, &meter))
}

/// How long the last product copies and checkpoints may take after the last order is settled.
const QUIET_WITHIN: Duration = Duration::from_secs(30);

/// What the databases of `shop` say once it has come to rest.
pub(super) async fn audit(
    servers: &Servers,
    shop: &Shop,
    databases_only: bool,
) -> anyhow::Result<Vec<String>> {
    let args = AuditArgs {
        connection: ConnectionArgs {
            mongodb_uri: Some(servers.mongodb_uri.clone()),
            kafka_brokers: Some(servers.kafka_brokers.clone()),
            topic_prefix: format!("{}.", shop.name),
            databases: format!("{}_{{service}}", shop.name).parse()?,
            security: KafkaSecuritySettings::default(),
        },
        databases_only,
        json: true,
    };
    let deadline = Instant::now() + QUIET_WITHIN;
    loop {
        let findings = audit::run(&args).await.context("the audit")?;
        if findings.clean() || Instant::now() > deadline {
            return Ok(findings.differences);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

pub(super) struct Load {
    shopper: Shopper,
    names: Vec<String>,
}

/// The answers to plain orders, and to those that waited until they were settled.
type Outcomes = (Vec<Outcome>, Vec<Outcome>);

impl Load {
    /// A shop that has products for this run and is warm.
    pub(super) async fn warm(args: &BenchArgs, url: &str) -> anyhow::Result<Arc<Self>> {
        let shopper = Shopper::log_in(url, &args.email, &args.password).await?;
        let orders = args.orders + args.warmup;
        let names = shopper.stock_up(args.products, args.scarce, orders).await?;
        let load = Arc::new(Self { shopper, names });
        if args.warmup > 0 {
            let bar = progress(args.warmup, "warming up");
            load.closed(args, args.warmup, &bar).await?;
            load.settle(&bar, PATIENCE).await?;
            bar.finish_and_clear();
        }
        Ok(load)
    }

    fn demand(&self, args: &BenchArgs, seed: u64) -> anyhow::Result<Demand> {
        let lines = usize::try_from(args.lines).unwrap_or(1);
        Demand::new(self.names.len(), args.skew, lines, seed)
    }

    async fn place(&self, places: &[usize], due: Instant, settled: bool) -> Outcome {
        let names: Vec<&str> = places
            .iter()
            .map(|place| self.names[*place].as_str())
            .collect();
        self.shopper.place(&names, due, settled).await
    }

    /// Each client places its next order when the last one was answered.
    pub(super) async fn closed(
        self: &Arc<Self>,
        args: &BenchArgs,
        orders: u64,
        bar: &ProgressBar,
    ) -> anyhow::Result<Outcomes> {
        let placing = Arc::new(AtomicBool::new(true));
        let probing = tokio::spawn({
            let (load, placing) = (Arc::clone(self), Arc::clone(&placing));
            let mut demand = self.demand(args, u64::MAX)?;
            async move {
                let mut probes = JoinSet::new();
                let mut due =
                    tokio::time::interval(Duration::from_secs_f64(1.0 / PROBES_PER_SECOND));
                while placing.load(Ordering::Relaxed) {
                    let due = due.tick().await.into_std();
                    let (load, order) = (Arc::clone(&load), demand.next());
                    probes.spawn(async move { load.place(&order, due, true).await });
                }
                probes.join_all().await
            }
        });
        let posted = self.pile_up(args, orders, bar).await?;
        placing.store(false, Ordering::Relaxed);
        let probed = probing.await.context("the probes broke off")?;
        Ok((posted, probed))
    }

    /// The same without looking whether anything is settled.
    pub(super) async fn pile_up(
        self: &Arc<Self>,
        args: &BenchArgs,
        orders: u64,
        bar: &ProgressBar,
    ) -> anyhow::Result<Vec<Outcome>> {
        let left = Arc::new(AtomicU64::new(orders));
        let mut clients = JoinSet::new();
        for number in 0..args.clients {
            let (load, left, bar) = (Arc::clone(self), Arc::clone(&left), bar.clone());
            let mut demand = self.demand(args, number)?;
            clients.spawn(async move {
                let mut outcomes = Vec::new();
                while take(&left) {
                    outcomes.push(load.place(&demand.next(), Instant::now(), false).await);
                    bar.inc(1);
                }
                outcomes
            });
        }
        let mut posted = Vec::new();
        while let Some(outcomes) = clients.join_next().await {
            posted.extend(outcomes.context("a client broke off")?);
        }
        Ok(posted)
    }

    /// Orders come when they are due, whatever became of those before.
    async fn open(
        self: &Arc<Self>,
        args: &BenchArgs,
        rate: f64,
        bar: &ProgressBar,
    ) -> anyhow::Result<Outcomes> {
        let mut demand = self.demand(args, 0)?;
        let (mut posted, mut probed) = (Vec::new(), Vec::new());
        let mut under_way: JoinSet<(bool, Outcome)> = JoinSet::new();
        let mut answered = |one: (bool, Outcome)| {
            if one.0 { &mut probed } else { &mut posted }.push(one.1);
            bar.inc(1);
        };
        let began = Instant::now();
        for number in 0..args.orders {
            #[expect(clippy::cast_precision_loss, reason = "a moment within the run")]
            let due = began + Duration::from_secs_f64(number as f64 / rate);
            tokio::time::sleep_until(due.into()).await;
            let (load, order) = (Arc::clone(self), demand.next());
            let settled = number % 2 == 0;
            under_way.spawn(async move { (settled, load.place(&order, due, settled).await) });
            while let Some(done) = under_way.try_join_next() {
                answered(done.context("an order broke off")?);
            }
            if under_way.len() >= UNDER_WAY {
                bail!("{UNDER_WAY} orders wait for an answer: {rate} each second are too many");
            }
        }
        while let Some(done) = under_way.join_next().await {
            answered(done.context("an order broke off")?);
        }
        Ok((posted, probed))
    }

    /// Waits until nothing is pending.
    pub(super) async fn settle(&self, bar: &ProgressBar, patience: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.shopper.anything_pending().await? {
            if began.elapsed() > patience {
                bail!("orders are still PENDING {patience:?} after the last one was placed");
            }
            bar.tick();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// Takes one of the orders that are left.
fn take(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
        .is_ok()
}

/// A bar on standard error.
pub(super) fn progress(orders: u64, message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(orders);
    let style = "{bar:40} {pos}/{len} orders, {per_sec}, {eta} left {msg}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.set_message(message);
    bar
}

impl Outcome {
    /// The time to the answer, when the order was taken.
    pub(super) fn taken(&self) -> Option<Duration> {
        match self {
            Self::Taken(time) => Some(*time),
            Self::SoldOut | Self::Failed(_) => None,
        }
    }
}
