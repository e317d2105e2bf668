//! Many seeds, on several threads.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::control::Control;
use crate::fault::Fault;
use crate::run::{Run, run};
use crate::violation::{Check, Violation};

/// What many seeds came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many seeds were run.
    pub seeds: u64,
    /// How many orders were placed in them.
    pub orders: u64,
    /// How many of those were accepted.
    pub accepted: u64,
    /// How many were cancelled and gave back what they had been given.
    pub released: u64,
    /// How many faults there were of each kind.
    pub faults: BTreeMap<Fault, u64>,
    /// The seeds that showed violations, and which, by seed.
    pub failed: BTreeMap<u64, Vec<Violation>>,
    /// How much time went by in the simulations together.
    pub simulated: Duration,
    /// How long it took.
    pub took: Duration,
}

impl Summary {
    fn add(&mut self, run: Run) {
        self.seeds += 1;
        self.orders += run.orders as u64;
        self.accepted += run.accepted as u64;
        self.released += run.released as u64;
        for (fault, times) in run.faults {
            *self.faults.entry(fault).or_default() += times;
        }
        if !run.violations.is_empty() {
            self.failed.insert(run.seed, run.violations);
        }
        self.simulated += run.simulated;
    }

    /// How many faults there were.
    pub fn all_faults(&self) -> u64 {
        self.faults.values().sum()
    }

    /// How many violations there were, in all seeds.
    pub fn violations(&self) -> usize {
        self.failed.values().map(Vec::len).sum()
    }

    /// What `check` found first, and in which seed.
    pub fn found_by(&self, check: Check) -> Option<(u64, &Violation)> {
        self.failed.iter().find_map(|(seed, violations)| {
            let found = violations.iter().find(|violation| violation.check == check);
            found.map(|violation| (*seed, violation))
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate to be read")]
        let rate = self.seeds as f64 / seconds.max(0.001);
        writeln!(
            f,
            "{} seeds in {seconds:.1} s ({rate:.0} seeds/s), {} h simulated",
            self.seeds,
            self.simulated.as_secs() / 3600
        )?;
        writeln!(
            f,
            "{} orders, {} of them accepted, {} given back; {} faults:",
            self.orders,
            self.accepted,
            self.released,
            self.all_faults()
        )?;
        for (fault, times) in &self.faults {
            writeln!(f, "  {times:>9}  {fault}")?;
        }
        write!(
            f,
            "{} violations in {} seeds",
            self.violations(),
            self.failed.len()
        )
    }
}

/// Runs `seeds` on `jobs` threads; with a `control`, up to the first one in which its check
/// notices. `done` is called after each seed with how many there are by now.
///
/// # Errors
/// When the operating system gives no runtime.
pub fn run_all(
    seeds: Range<u64>,
    jobs: usize,
    control: Option<Control>,
    done: impl Fn(u64) + Sync,
) -> anyhow::Result<Summary> {
    let began = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let enough = AtomicBool::new(false);
    let summary = Mutex::new(Summary::default());
    let work = || -> anyhow::Result<()> {
        while !enough.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let run = run(seed, control, false)?;
            if control.is_some_and(|control| control.caught(&run.violations)) {
                enough.store(true, Ordering::Relaxed);
            }
            let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
            summary.add(run);
            done(summary.seeds);
        }
        Ok(())
    };
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let threads: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("a thread of the simulation panicked"))??;
        }
        Ok(())
    })?;
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.took = began.elapsed();
    Ok(summary)
}
