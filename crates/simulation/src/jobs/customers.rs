//! Those who place orders and pay for some, and the messages of it.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use outbox::{StoreError, transact};

use super::clock::DatabaseClock;
use super::control::Store;
use super::fault_injector::World;
use super::handlers::{Pay, Place};
use super::instance::Instances;

/// What a message says.
#[derive(Clone, Copy)]
enum Published {
    Placed(SignedDuration),
    Paid,
}

/// All messages that there are.
pub(super) struct Customers<'a> {
    world: &'a World,
    clock: Arc<DatabaseClock>,
    instances: &'a Instances,
    orders: Vec<Ordered>,
}

struct Ordered {
    number: u32,
    wait: SignedDuration,
    pays: bool,
}

impl<'a> Customers<'a> {
    pub(super) fn new(
        world: &'a World,
        clock: &Arc<DatabaseClock>,
        instances: &'a Instances,
    ) -> Self {
        let chance = &world.chance;
        let order = |number| Ordered {
            number,
            wait: SignedDuration::from_millis(chance.between(0, 8_000).into()),
            pays: chance.place(3) == 0,
        };
        let orders = (0..chance.between(8, 24)).map(order).collect();
        Self {
            world,
            clock: Arc::clone(clock),
            instances,
            orders,
        }
    }

    /// Everything is said at some time within `storm`, some of it several times.
    pub(super) async fn come(&self, storm: Duration) {
        let chance = &self.world.chance;
        let mut messages = Vec::new();
        for Ordered { number, wait, pays } in &self.orders {
            for _ in 0..chance.between(1, 3) {
                messages.push((*number, Published::Placed(*wait)));
            }
            for _ in 0..chance.between(0, 2) * u32::from(*pays) {
                messages.push((*number, Published::Paid));
            }
        }
        let published = messages.into_iter().map(|(number, published)| async move {
            tokio::time::sleep(chance.time(storm)).await;
            self.say(number, published).await;
        });
        join_all(published).await;
    }

    /// What was said of orders that were placed is published once more.
    pub(super) async fn repeat_all(&self) {
        for Ordered { number, wait, .. } in &self.orders {
            self.say(*number, Published::Placed(*wait)).await;
        }
    }

    /// Until it was handled.
    async fn say(&self, number: u32, published: Published) {
        loop {
            if let Some(store) = self.instances.any(&self.world.chance) {
                let handled = self.handle(&store, number, published);
                // One whose process crashed is handled by another.
                let handled = tokio::time::timeout(Duration::from_secs(8), handled).await;
                if matches!(handled, Ok(Ok(()))) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    }

    async fn handle(
        &self,
        store: &Store,
        order: u32,
        published: Published,
    ) -> Result<(), StoreError> {
        let clock = self.clock.as_ref();
        match published {
            Published::Placed(wait) => {
                let mut place = Place {
                    store,
                    clock,
                    order,
                    wait,
                };
                transact(store, &mut place).await
            }
            Published::Paid => {
                let mut pay = Pay {
                    store,
                    clock,
                    order,
                };
                transact(store, &mut pay).await
            }
        }
    }
}
