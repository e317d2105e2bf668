//! Jobs and timers through crashes, jumps of the clock and two instances.
//!
//! Orders are placed, each with a timer that closes it and a mail that is sent; some are paid
//! before, which cancels the timer. Every message about an order may come again or late. The
//! timer writes an entry into a ledger without looking whether there is one, so that whatever
//! runs twice shows.
//!
//! [`run`] draws it all from a seed, as the rest of this crate does; [`Control`] takes one promise
//! of the store away, and the check that [`Control::caught_by`] names has to fail.

mod check;
mod clock;
mod control;
mod customers;
mod fault_injector;
mod handlers;
mod instance;
mod snapshot;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use outbox::memory::MemoryDatabase;
use tokio::time::Instant;

pub use self::check::Check;
use self::clock::DatabaseClock;
pub use self::control::Control;
use self::control::Store;
use self::customers::Customers;
use self::fault_injector::World;
use self::instance::Instances;
use self::snapshot::Snapshot;
use crate::chance::Chance;

/// What came of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What is not as it must be, by the check that saw it.
    pub violations: Vec<(Check, String)>,
    /// How many orders were placed.
    pub orders: usize,
    /// How many of them a timer closed.
    pub closed: usize,
    /// How many mails were sent, those sent again included.
    pub mails: usize,
    /// How often a process crashed or was killed.
    pub crashes: u32,
    /// How often the database's clock jumped.
    pub jumps: u32,
    /// How often an attempt was followed by another one.
    pub repeated: u32,
    /// How much time went by in the simulation.
    pub simulated: Duration,
}

/// How long the trouble lasts.
const STORM: Duration = Duration::from_secs(20);
/// How long all may take afterwards: the clock may have been put back, and leases run out.
const PATIENCE: Duration = Duration::from_mins(5);

/// Runs `seed`, without the promise that `control` takes away.
///
/// # Errors
/// When the operating system gives no runtime.
pub fn run(seed: u64, control: Option<Control>) -> anyhow::Result<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .context("no runtime for the simulation")?;
    Ok(runtime.block_on(story(seed, control)))
}

async fn story(seed: u64, control: Option<Control>) -> Run {
    let began = Instant::now();
    let chance = Arc::new(Chance::new(seed));
    let clock = Arc::new(DatabaseClock::new(Arc::clone(&chance)));
    let world = Arc::new(World::new(Arc::clone(&chance)));
    let database: MemoryDatabase<Snapshot> = MemoryDatabase::new(clock.clone());
    let shared = database.clone();
    let store = move |faults| Store::new(shared.instance(faults), control);
    let instances = Instances::start(&world, &clock, store);
    let customers = Customers::new(&world, &clock, &instances);

    let jumps = clock.jump_about(STORM);
    tokio::join!(customers.come(STORM), instances.trouble(STORM), jumps);
    world.calm_down();

    let (mut violations, until) = (Vec::new(), Instant::now() + PATIENCE);
    let open = || {
        let jobs = database.all_jobs().into_iter();
        jobs.filter(|job| !job.state.has_ended())
            .collect::<Vec<_>>()
    };
    while !open().is_empty() && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    check::all(&database, &world, &open(), &mut violations).await;
    // All that was ever said comes once more, and nothing may come of it.
    let before = database.state();
    customers.repeat_all().await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    check::unchanged(&before, &database.state(), &mut violations);
    instances.stop().await;
    Run {
        violations,
        orders: before.orders.len(),
        closed: before.entries.len(),
        mails: world.mails().values().sum(),
        crashes: world.crashes(),
        jumps: clock.jumps(),
        repeated: world.repeated(),
        simulated: began.elapsed(),
    }
}
