//! The instances of the service, which crash and come back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outbox::jobs::JobSettings;
use outbox::memory::Faults;
use outbox::{JobRunner, Jobs};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clock::DatabaseClock;
use super::control::Store;
use super::fault_injector::{FaultInjector, World};
use super::handlers::{Close, Mail, Worker};
use crate::chance::Chance;

/// How many there are.
const INSTANCES: usize = 2;
/// How long one is away at most.
const AWAY: Duration = Duration::from_secs(3);

pub(super) struct Instances {
    world: Arc<World>,
    places: Vec<Arc<Place>>,
    supervisors: Mutex<JoinSet<()>>,
    end: CancellationToken,
}

/// Where an instance runs, life after life.
#[derive(Default)]
struct Place {
    /// Ends the present life at once.
    kill: Arc<Notify>,
    /// Ends it in good order.
    restart: Notify,
    store: Mutex<Option<Store>>,
}

impl Place {
    fn put(&self, store: Option<Store>) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = store;
    }
}

fn settings() -> JobSettings {
    JobSettings {
        concurrency: 3,
        poll: Duration::from_millis(500),
        lease: Duration::from_secs(2),
        timeout: Duration::from_secs(4),
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_secs(1),
        max_attempts: 1_000,
    }
}

impl Instances {
    pub(super) fn start(
        world: &Arc<World>,
        clock: &Arc<DatabaseClock>,
        store: impl Fn(Arc<dyn Faults>) -> Store + Clone + Send + 'static,
    ) -> Self {
        let places: Vec<Arc<Place>> = (0..INSTANCES).map(|_| Arc::default()).collect();
        let (mut supervisors, end) = (JoinSet::new(), CancellationToken::new());
        for place in &places {
            let lives = lives(
                Arc::clone(world),
                Arc::clone(clock),
                Arc::clone(place),
                store.clone(),
                end.clone(),
            );
            supervisors.spawn(lives);
        }
        Self {
            world: Arc::clone(world),
            places,
            supervisors: Mutex::new(supervisors),
            end,
        }
    }

    /// The store of one that runs.
    pub(super) fn any(&self, chance: &Chance) -> Option<Store> {
        let place = &self.places[chance.place(INSTANCES)];
        let store = place.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.clone()
    }

    /// Kills and restarts them now and then for `storm`.
    pub(super) async fn trouble(&self, storm: Duration) {
        let chance = &self.world.chance;
        let over = tokio::time::sleep(storm);
        let troubling = async {
            loop {
                tokio::time::sleep(chance.time(Duration::from_secs(8))).await;
                let place = &self.places[chance.place(INSTANCES)];
                match chance.place(3) {
                    0 => place.restart.notify_one(),
                    _ => place.kill.notify_one(),
                }
            }
        };
        tokio::select! {
            biased;
            () = over => {}
            () = troubling => {}
        }
    }

    pub(super) async fn stop(self) {
        self.end.cancel();
        let supervisors = self.supervisors.into_inner();
        let mut supervisors = supervisors.unwrap_or_else(PoisonError::into_inner);
        while supervisors.join_next().await.is_some() {}
    }
}

/// One life after the other, until `end`.
async fn lives(
    world: Arc<World>,
    clock: Arc<DatabaseClock>,
    place: Arc<Place>,
    store: impl Fn(Arc<dyn Faults>) -> Store + Send + 'static,
    end: CancellationToken,
) {
    while !end.is_cancelled() {
        let fault_injector = FaultInjector {
            world: Arc::clone(&world),
            crash: Arc::clone(&place.kill),
        };
        let store = store(Arc::new(fault_injector));
        let worker = Worker {
            world: Arc::clone(&world),
            clock: Arc::clone(&clock),
        };
        let jobs = Jobs::new("orders")
            .in_transaction::<Close, _>(worker.clone())
            .on::<Mail, _>(worker);
        let Ok(runner) = JobRunner::new(store.clone(), jobs, clock.clone(), settings()) else {
            return;
        };
        place.put(Some(store));
        let stop = end.child_token();
        let mut running = std::pin::pin!(runner.run(stop.clone()));
        tokio::select! {
            biased;
            () = place.kill.notified() => world.crashed(),
            () = place.restart.notified() => {
                stop.cancel();
                tokio::select! {
                    biased;
                    () = place.kill.notified() => world.crashed(),
                    () = &mut running => {}
                }
            }
            () = &mut running => {}
        }
        place.put(None);
        if !end.is_cancelled() {
            tokio::time::sleep(world.chance.time(AWAY)).await;
        }
    }
}
