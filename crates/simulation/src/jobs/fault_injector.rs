//! What goes wrong at the steps of one process, and what is known of all.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use outbox::memory::{Faults, Step};
use outbox::{JobError, StoreError};
use tokio::sync::Notify;

use crate::chance::Chance;

/// What everybody in a run shares.
pub(super) struct World {
    pub(super) chance: Arc<Chance>,
    calm: AtomicBool,
    mails: Mutex<BTreeMap<u32, usize>>,
    crashes: AtomicU32,
    repeated: AtomicU32,
}

impl World {
    pub(super) fn new(chance: Arc<Chance>) -> Self {
        Self {
            chance,
            calm: AtomicBool::new(false),
            mails: Mutex::default(),
            crashes: AtomicU32::new(0),
            repeated: AtomicU32::new(0),
        }
    }

    pub(super) fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// A process ended without a word.
    pub(super) fn crashed(&self) {
        self.crashes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn crashes(&self) -> u32 {
        self.crashes.load(Ordering::Relaxed)
    }

    pub(super) fn attempted(&self, attempt: u32) {
        let again = u32::from(attempt > 1);
        self.repeated.fetch_add(again, Ordering::Relaxed);
    }

    /// How often an attempt was not a job's first.
    pub(super) fn repeated(&self) -> u32 {
        self.repeated.load(Ordering::Relaxed)
    }

    pub(super) fn mailed(&self, order: u32) {
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        *mails.entry(order).or_default() += 1;
    }

    /// How many mails were sent about each order.
    pub(super) fn mails(&self) -> BTreeMap<u32, usize> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.clone()
    }

    /// A job takes its time, perhaps longer than its lease, or fails after what it has done.
    pub(super) async fn trouble_in_a_job(&self) -> Result<(), JobError> {
        if self.is_calm() {
            return Ok(());
        }
        let reason = || "simulated".to_owned();
        match self.chance.place(12) {
            0 => Err(JobError::Retry(reason())),
            1 => {
                let soon = self.chance.time(Duration::from_millis(300));
                Err(JobError::RetryAfter(soon, reason()))
            }
            2 => {
                tokio::time::sleep(self.chance.time(Duration::from_secs(5))).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// What goes wrong at the steps of one life of a process.
pub(super) struct FaultInjector {
    pub(super) world: Arc<World>,
    /// Told when the process crashes.
    pub(super) crash: Arc<Notify>,
}

impl Faults for FaultInjector {
    fn meet(&self, step: Step) -> BoxFuture<'_, Result<(), StoreError>> {
        let chance = &self.world.chance;
        if self.world.is_calm() {
            return std::future::ready(Ok(())).boxed();
        }
        if chance.happens(60) {
            self.crash.notify_one();
            return std::future::pending().boxed();
        }
        if chance.happens(250) {
            let fault = match chance.place(3) {
                0 => StoreError::conflict(format!("simulated, at {step:?}")),
                _ => StoreError::transient(format!("simulated, at {step:?}")),
            };
            return std::future::ready(Err(fault)).boxed();
        }
        let longest = if chance.happens(80) { 6_000 } else { 8 };
        let time = chance.time(Duration::from_millis(longest));
        tokio::time::sleep(time).map(Ok).boxed()
    }

    fn jitter(&self, bound: Duration) -> Duration {
        self.world.chance.time(bound)
    }
}
