//! `quadrille stuck`: orders that are PENDING for too long, and what each waits for.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use events::{OrderId, OrderStatus};
use futures::TryStreamExt;
use jiff::Timestamp;
use orders::store::{MongoOrders, PendingOrder};
use serde::Serialize;

use super::waits::{Shop, Wait, waits};
use crate::connection::ConnectionArgs;

/// Which orders.
#[derive(Debug, Clone, Args)]
pub(crate) struct StuckArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// For how long an order is PENDING before it is listed
    #[arg(long, default_value = "5s", value_name = "DURATION", value_parser = service::config::duration)]
    older_than: Duration,
    /// The most orders to list; all are counted
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

/// An order that waits too long.
#[derive(Debug, Serialize)]
struct Stuck {
    order_id: OrderId,
    placed_at: Timestamp,
    /// For how long it waits.
    seconds: f64,
    #[serde(flatten)]
    wait: Wait,
    text: String,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    /// PENDING orders, however long.
    pending: usize,
    /// Of these, those that wait too long.
    stuck: usize,
    /// How many wait for what.
    by_cause: BTreeMap<&'static str, usize>,
    /// The oldest of them.
    orders: Vec<Stuck>,
}

/// How long Kafka may be silent before it counts as away: someone waits for the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before a violation is looked at again: it may have been under way.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// Lists them; `false` when there is one.
///
/// # Errors
/// When a database can't be read.
pub(crate) async fn run(args: &StuckArgs) -> anyhow::Result<bool> {
    let shop = Shop {
        orders: args.connection.database("orders").await?,
        products: args.connection.database("products").await?,
        topics: args.connection.topics()?.with_patience(PATIENCE),
    };
    let orders = MongoOrders::new(shop.orders.clone());
    let pending: Vec<PendingOrder> = orders.all_pending().await?.try_collect().await?;
    let now = Timestamp::now();
    let too_old = |order: &&PendingOrder| {
        let age = Duration::try_from(now.duration_since(order.placed_at));
        age.is_ok_and(|age| age >= args.older_than)
    };
    let old: Vec<PendingOrder> = pending.iter().filter(too_old).copied().collect();
    let mut found = look(&shop, &old).await?;
    let lost = |(_, wait): &(PendingOrder, Wait)| matches!(wait, Wait::Lost { .. });
    if found.iter().any(lost) {
        // It may have moved while we looked from one place to the next.
        tokio::time::sleep(SECOND_LOOK).await;
        let (again, mut sure): (Vec<_>, Vec<_>) = found.into_iter().partition(lost);
        let again: Vec<PendingOrder> = again.into_iter().map(|(order, _)| order).collect();
        sure.extend(look(&shop, &still_pending(&orders, again).await?).await?);
        sure.sort_by_key(|(order, _)| order.id);
        found = sure;
    }
    let report = report(pending.len(), found, now, args.limit);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        show(&report, args.older_than);
    }
    Ok(report.stuck == 0)
}

async fn look(shop: &Shop, orders: &[PendingOrder]) -> anyhow::Result<Vec<(PendingOrder, Wait)>> {
    let Some(since) = orders.iter().map(|order| order.placed_at).min() else {
        return Ok(Vec::new());
    };
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    let waits = waits(shop, &ids, since).await?;
    Ok(orders.iter().copied().zip(waits).collect())
}

async fn still_pending(
    orders: &MongoOrders,
    found: Vec<PendingOrder>,
) -> anyhow::Result<Vec<PendingOrder>> {
    let mut left = Vec::new();
    for order in found {
        let now = orders
            .by_id(order.id)
            .await
            .context("orders can't be read")?;
        if now.is_some_and(|now| now.status == OrderStatus::Pending) {
            left.push(order);
        }
    }
    Ok(left)
}

fn report(
    pending: usize,
    found: Vec<(PendingOrder, Wait)>,
    now: Timestamp,
    limit: usize,
) -> Report {
    let mut by_cause: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (_, wait) in &found {
        *by_cause.entry(wait.kind()).or_default() += 1;
    }
    let stuck = found.len();
    let orders = found.into_iter().take(limit).map(|(order, wait)| Stuck {
        order_id: order.id,
        placed_at: order.placed_at,
        seconds: now.duration_since(order.placed_at).as_secs_f64(),
        text: wait.text(),
        wait,
    });
    Report {
        pending,
        stuck,
        by_cause,
        orders: orders.collect(),
    }
}

fn show(report: &Report, older_than: Duration) {
    println!(
        "{} orders are PENDING, {} of them for longer than {older_than:?}.",
        report.pending, report.stuck
    );
    for order in &report.orders {
        println!(
            "{}  {:>8.1} s  {}",
            order.order_id, order.seconds, order.text
        );
    }
    if report.stuck > report.orders.len() {
        println!("and {} more; in all:", report.stuck - report.orders.len());
        for (cause, count) in &report.by_cause {
            println!("  {count:>8} {cause}");
        }
    }
}
