//! One run, from its seed to its verdict.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use events::topics;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::check::{self, Snapshot};
use crate::control::Control;
use crate::customers;
use crate::fault::Fault;
use crate::fault_schedule;
use crate::name::Service;
use crate::plan::Plan;
use crate::shop::{READS, Shop};
use crate::violation::Violation;
use crate::world::World;

/// What came of a seed.
#[derive(Debug)]
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// What it drew.
    pub plan: Plan,
    /// Two runs with the same number went through the same steps at the same times.
    pub trace: u64,
    /// How many orders were placed.
    pub orders: usize,
    /// How many of them were accepted.
    pub accepted: usize,
    /// How many were cancelled and gave back what they had been given.
    pub released: usize,
    /// How many faults there were of each kind.
    pub faults: BTreeMap<Fault, u64>,
    /// What is not as it must be; empty when all is right.
    pub violations: Vec<Violation>,
    /// What happened, when it was asked for.
    pub story: String,
    /// How much time went by in the simulation.
    pub simulated: Duration,
}

/// How long everything may take to settle once the faults are over, in simulated time.
const PATIENCE: Duration = Duration::from_secs(90);

/// Runs `seed`, with adapters that break a rule where a `control` says so; `tell` says to keep
/// the story.
///
/// # Errors
/// When the operating system gives no runtime.
pub fn run(seed: u64, control: Option<Control>, tell: bool) -> anyhow::Result<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .context("no runtime for the simulation")?;
    Ok(runtime.block_on(story(seed, control, tell)))
}

async fn story(seed: u64, control: Option<Control>, tell: bool) -> Run {
    let chance = Arc::new(Chance::new(seed));
    let plan = Plan::draw(&chance);
    let (published, mut crashes) = mpsc::unbounded_channel();
    let world = Arc::new(World::new(chance, plan.clone(), control, published, tell));
    world.tell(|| format!("{plan:?}"));
    let shop = Arc::new(Shop::open(&world));
    shop.start_all();
    let (memory, mut people) = customers::send(&shop);
    fault_schedule::pass(&shop, &mut crashes).await;
    let leaving = async { while people.join_next().await.is_some() {} };
    if tokio::time::timeout(PATIENCE, leaving).await.is_err() {
        world.violate("customers still wait for an answer".to_owned());
    }
    // What a customer gave up on may still be in a transaction.
    tokio::time::sleep(Duration::from_secs(1)).await;
    settle(&shop, "after the faults").await;

    let memory = std::mem::take(
        &mut *memory
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    );
    let snapshot = Snapshot::of(&shop);
    check::all(&shop, &snapshot, &memory);

    // Everything once more from zero must change nothing that is right.
    for (service, topic) in READS
        .iter()
        .filter(|(service, _)| *service != Service::Tally)
    {
        shop.replay(*service, topic).await;
    }
    settle(&shop, "after the replay").await;
    check::replayed(&shop, &snapshot);

    for topic in [
        topics::ORDERS,
        topics::ACCOUNTS,
        topics::ORDER_STATUS,
        topics::PRODUCTS,
    ] {
        for record in shop.servers.broker.records(topic) {
            let id = crate::expected::header(&record, "ce_id").unwrap_or_default();
            let id = id.parse().unwrap_or(uuid::Uuid::nil()).as_u64_pair();
            world.mark(id.0 ^ id.1);
        }
    }
    let left = world.left();
    Run {
        seed,
        trace: left.hash,
        orders: snapshot.orders.orders.len(),
        accepted: snapshot.accepted(),
        released: snapshot.released(),
        faults: left.faults,
        violations: left.violations,
        story: left.story,
        simulated: world.began.elapsed(),
        plan,
    }
}

/// Waits until nothing is left to be done.
async fn settle(shop: &Shop, when: &str) {
    let end = Instant::now() + PATIENCE;
    // Twice, with a relay's round between: something may be on its way at one look.
    let mut quiet = 0;
    while quiet < 2 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let undone = shop.undone().await;
        quiet = if undone.is_empty() { quiet + 1 } else { 0 };
        if Instant::now() > end {
            shop.world
                .violate(format!("{when} it does not settle: {}", undone.join(", ")));
            return;
        }
    }
}
