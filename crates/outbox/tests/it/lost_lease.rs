//! A relay that can't renew its lease stops sending before the lease ends: another one may have it
//! from then on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use outbox::memory::{Faults, MemoryDatabase, Step};
use outbox::{Message, OutboxStore as _, PublishError, Publisher, StoreError, transact};
use tokio::time::{Instant, sleep};

use crate::conformance::ledger::Deposit;
use crate::conformance::memory::Accounts;
use crate::conformance::relay;

/// What [`relay`] gives its lease.
const LEASE: Duration = Duration::from_millis(1500);
const MESSAGES: usize = 60;

/// What becomes of the question for the lease, once it was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewal {
    Fails,
    Hangs,
}

struct Lost {
    renewal: Renewal,
    granted: AtomicBool,
    over: AtomicBool,
}

impl Faults for Lost {
    fn meet(&self, step: Step) -> BoxFuture<'_, Result<(), StoreError>> {
        let met = step == Step::Lease
            && self.granted.swap(true, Ordering::AcqRel)
            && !self.over.load(Ordering::Acquire);
        async move {
            match self.renewal {
                _ if !met => Ok(()),
                Renewal::Fails => Err(StoreError::transient("the server is away")),
                Renewal::Hangs => std::future::pending().await,
            }
        }
        .boxed()
    }

    fn jitter(&self, bound: Duration) -> Duration {
        bound / 2
    }
}

/// Takes a message each 100 ms.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Vec<Instant>>>);

impl Publisher for Slow {
    async fn publish(&self, messages: &[Message]) -> Result<(), PublishError> {
        for _ in messages {
            self.0.lock().expect("nobody panics").push(Instant::now());
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

async fn pay(database: &MemoryDatabase<Accounts>, times: usize) {
    for _ in 0..times {
        let mut paying = Deposit {
            db: database,
            account: "a",
            amount: 1,
        };
        let paid = transact(database, &mut paying).await;
        paid.expect("memory takes it");
    }
}

/// Reads the outbox in twice the time of a lease, as a cold server may.
struct Cold;

impl Faults for Cold {
    fn meet(&self, step: Step) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            if step == Step::Pending {
                sleep(LEASE * 2).await;
            }
            Ok(())
        }
        .boxed()
    }

    fn jitter(&self, bound: Duration) -> Duration {
        bound / 2
    }
}

#[tokio::test(start_paused = true)]
async fn relays_that_read_for_longer_than_a_lease_lasts_publish() {
    crate::log();
    let database = MemoryDatabase::<Accounts>::default().instance(Arc::new(Cold));
    pay(&database, 3).await;
    let publisher = Slow::default();
    let relaying = [(); 2].map(|()| relay(&database, publisher.clone()));
    sleep(LEASE * 10).await;
    let sent = publisher.0.lock().expect("nobody panics").len();
    assert_eq!(
        sent, 3,
        "each once: one of the two has the lease all the time"
    );
    let backlog = database.backlog().await.expect("memory answers");
    assert_eq!(backlog.records, 0);
    drop(relaying);
}

#[tokio::test(start_paused = true)]
async fn a_relay_whose_lease_is_not_renewed_stops_sending_before_it_ends() {
    crate::log();
    for renewal in [Renewal::Fails, Renewal::Hangs] {
        let faults = Arc::new(Lost {
            renewal,
            granted: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let database = MemoryDatabase::<Accounts>::default().instance(faults.clone());
        pay(&database, MESSAGES).await;
        let publisher = Slow::default();
        let began = Instant::now();
        let relaying = relay(&database, publisher.clone());
        sleep(LEASE * 4).await;
        let sent = publisher.0.lock().expect("nobody panics").clone();
        let last = sent.last().expect("it had the lease at first");
        assert!(*last < began + LEASE, "{renewal:?}: {:?}", *last - began);
        let left = database.pending(MESSAGES, &[]).await;
        assert_eq!(left.expect("memory answers").len(), MESSAGES);
        if renewal == Renewal::Fails {
            faults.over.store(true, Ordering::Release);
            sleep(LEASE * 6).await;
            let left = database.pending(MESSAGES, &[]).await;
            assert_eq!(left.expect("memory answers"), [], "it goes on");
        }
        drop(relaying);
    }
}
