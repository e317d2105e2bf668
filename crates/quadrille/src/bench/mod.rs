//! `quadrille bench`: places many orders at once and says how many were settled, how fast.
//!
//! A closed loop: each client places its next order when the last one was answered. A few
//! further clients place orders one after the other with `Prefer: wait`, so that their
//! answer comes when the order is settled: theirs is the time from POST to settled.

mod load;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use self::load::{Outcome, Shopper};
pub(crate) use self::report::Report;

/// What to place, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct BenchArgs {
    /// The gateway's address.
    #[arg(long, default_value = "http://localhost:8080", env = "QUADRILLE_URL")]
    pub(crate) url: String,
    /// How many orders to place in all.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) orders: u64,
    /// How many clients place them at once.
    #[arg(long, default_value_t = 32)]
    pub(crate) clients: u64,
    /// How many further clients measure the time from POST to settled.
    #[arg(long, default_value_t = 1)]
    pub(crate) probes: u64,
    /// Over how many products the orders are spread, besides the scarce one.
    #[arg(long, default_value_t = 3)]
    pub(crate) products: u64,
    /// How much of the scarce product there is; 0 leaves it out.
    #[arg(long, default_value_t = 500)]
    pub(crate) scarce: u32,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The admin's e-mail address.
    #[arg(long, default_value = "admin@admin.com")]
    pub(crate) email: String,
    /// The admin's password.
    #[arg(
        long,
        default_value = "admin@admin.com",
        hide_env_values = true,
        env = "QUADRILLE_ADMIN_PASSWORD"
    )]
    pub(crate) password: String,
}

/// How long nothing may be settled before the rest is given up.
const STANDSTILL: Duration = Duration::from_secs(60);

/// Runs it against a shop that is up.
///
/// # Errors
/// When the shop is not reached, the log-in is refused, or orders stay pending.
pub(crate) async fn run(args: &BenchArgs) -> anyhow::Result<Report> {
    ensure!(
        args.clients > 0 && args.orders > 0,
        "at least one client and one order are needed"
    );
    let shopper = Arc::new(Shopper::log_in(&args.url, &args.email, &args.password).await?);
    let products = shopper
        .stock_up(args.products, args.scarce, args.orders)
        .await?;
    let bar = progress(args);
    let left = Arc::new(AtomicU64::new(args.orders));
    let placing = Arc::new(AtomicBool::new(true));
    let began = Instant::now();
    let clients: Vec<_> = (0..args.clients)
        .map(|number| {
            let (shopper, products) = (Arc::clone(&shopper), products.clone());
            let (left, bar) = (Arc::clone(&left), bar.clone());
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                let mut turn = number;
                while take(&left) {
                    turn += 7;
                    outcomes.push(shopper.place(&products, turn, None).await);
                    bar.inc(1);
                }
                outcomes
            })
        })
        .collect();
    let probes: Vec<_> = (0..args.probes)
        .map(|number| {
            let (shopper, products) = (Arc::clone(&shopper), products.clone());
            let placing = Arc::clone(&placing);
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                let mut turn = number;
                while placing.load(Ordering::Relaxed) {
                    turn += 5;
                    outcomes.push(shopper.place(&products, turn, Some(30)).await);
                }
                outcomes
            })
        })
        .collect();
    let mut posted = Vec::new();
    for client in clients {
        posted.extend(client.await.context("a client broke off")?);
    }
    let placed_in = began.elapsed();
    placing.store(false, Ordering::Relaxed);
    bar.set_message("waiting until the last one is settled");
    let mut settled = Vec::new();
    for probe in probes {
        settled.extend(probe.await.context("a probe broke off")?);
    }
    wait_until_settled(&shopper).await?;
    let settled_in = began.elapsed();
    bar.finish_and_clear();
    Ok(Report::new(&posted, &settled, placed_in, settled_in))
}

/// Takes one of the orders that are left.
fn take(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
        .is_ok()
}

fn progress(args: &BenchArgs) -> ProgressBar {
    let bar = ProgressBar::new(args.orders);
    let style = "{bar:40} {pos}/{len} orders, {per_sec}, {eta} left {msg}";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}

async fn wait_until_settled(shopper: &Shopper) -> anyhow::Result<()> {
    let began = Instant::now();
    while shopper.anything_pending().await? {
        if began.elapsed() > STANDSTILL {
            bail!("orders are still PENDING {STANDSTILL:?} after the last one was placed");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

impl Outcome {
    /// The time to the answer, when the order was taken.
    fn taken(&self) -> Option<Duration> {
        match self {
            Self::Taken(time) => Some(*time),
            Self::SoldOut | Self::Failed(_) => None,
        }
    }
}
