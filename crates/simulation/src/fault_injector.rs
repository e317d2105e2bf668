//! What goes wrong at the steps of one process.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use outbox::StoreError;
use outbox::memory::{Faults, Step};

use crate::fault::Fault;
use crate::name::Name;
use crate::world::World;

/// What goes wrong at the steps of one process.
pub(crate) struct FaultInjector {
    pub(crate) world: Arc<World>,
    pub(crate) name: Name,
    /// Called when the process stands still, with for how long.
    pub(crate) stalled: Box<dyn Fn(Duration) + Send + Sync>,
}

enum Turn {
    Go,
    Wait(Duration),
    Stall(Duration),
    Fail(Fault),
    Crash,
}

/// Steps that somebody else's may conflict with.
const CONFLICTING: &[Step] = &[Step::Read, Step::Write, Step::Commit];
/// What happens after the fact.
const DONE: &[Step] = &[
    Step::Committed,
    Step::Removed,
    Step::Leased,
    Step::Claimed,
    Step::Published,
];

impl FaultInjector {
    fn turn(&self, step: Step) -> Turn {
        let (world, plan) = (&self.world, &self.world.plan);
        let chance = &world.chance;
        if world.is_calm() {
            return Turn::Go;
        }
        if chance.happens(plan.crash) {
            return Turn::Crash;
        }
        if chance.happens(plan.stall) {
            return Turn::Stall(Duration::from_millis(chance.between(500, 9_000).into()));
        }
        if chance.happens(plan.error) {
            return Turn::Fail(if DONE.contains(&step) {
                Fault::LostReply
            } else if CONFLICTING.contains(&step) && chance.happens(5_000) {
                Fault::Conflict
            } else {
                Fault::Error
            });
        }
        if chance.happens(plan.wait) {
            return Turn::Wait(chance.time(Duration::from_millis(8)));
        }
        Turn::Go
    }

    fn noted(&self, fault: Fault, step: Step) {
        self.world.count(fault);
        self.world
            .tell(|| format!("{} at {step:?}: {fault}", self.name));
    }
}

impl Faults for FaultInjector {
    fn meet(&self, step: Step) -> BoxFuture<'_, Result<(), StoreError>> {
        let turn = self.turn(step);
        self.world.mark(
            self.name.number() << 16
                | (step as u64) << 8
                | match &turn {
                    Turn::Go => 0,
                    Turn::Wait(_) => 1,
                    Turn::Stall(_) => 2,
                    Turn::Fail(fault) => 8 + *fault as u64,
                    Turn::Crash => 4,
                },
        );
        match turn {
            Turn::Go => std::future::ready(Ok(())).boxed(),
            Turn::Wait(time) => tokio::time::sleep(time).map(Ok).boxed(),
            Turn::Stall(time) => {
                self.noted(Fault::Stall, step);
                (self.stalled)(time);
                // It goes on when the faults end: work that nobody waits for any more would
                // otherwise come after the databases are compared.
                tokio::time::timeout(time, self.world.storm.cancelled())
                    .map(|_| Ok(()))
                    .boxed()
            }
            Turn::Fail(fault) => {
                self.noted(fault, step);
                let text = format!("simulated, at {step:?}");
                std::future::ready(Err(if fault == Fault::Conflict {
                    StoreError::conflict(text)
                } else {
                    StoreError::transient(text)
                }))
                .boxed()
            }
            Turn::Crash => {
                self.noted(Fault::Crash, step);
                let _gone = self.world.crashes.send(self.name);
                std::future::pending().boxed()
            }
        }
    }

    fn copies(&self) -> usize {
        if self.world.is_calm() || !self.world.chance.happens(self.world.plan.copy) {
            return 1;
        }
        self.world.count(Fault::Copy);
        2
    }

    fn deliver(&self, there: usize) -> usize {
        let (calm, plan) = (self.world.is_calm(), &self.world.plan);
        if there == 0 || calm || !self.world.chance.happens(plan.late) {
            return there;
        }
        self.world.count(Fault::Late);
        self.world.chance.place(there)
    }

    fn stale(&self) -> bool {
        let stale = !self.world.is_calm() && self.world.chance.happens(self.world.plan.stale);
        if stale {
            self.world.count(Fault::Stale);
        }
        stale
    }

    fn jitter(&self, bound: Duration) -> Duration {
        self.world.chance.time(bound)
    }
}
