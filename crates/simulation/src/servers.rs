//! What the processes work on.

use std::sync::Arc;

use notifications::store::memory::Tables as NotificationsTables;
use orders::store::memory::Tables as OrdersTables;
use outbox::Clock;
use outbox::memory::{MemoryBroker, MemoryDatabase};
use products::store::memory::Tables as ProductsTables;

use crate::clock::SimulatedClock;
use crate::tally::Counts;
use crate::world::World;

/// The broker, and a database for each service.
pub(crate) struct Servers {
    pub(crate) broker: MemoryBroker,
    pub(crate) orders: MemoryDatabase<OrdersTables>,
    pub(crate) products: MemoryDatabase<ProductsTables>,
    pub(crate) notifications: MemoryDatabase<NotificationsTables>,
    pub(crate) tally: MemoryDatabase<Counts>,
}

impl Servers {
    pub(crate) fn new(world: &World) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::new(
            Arc::clone(&world.chance),
            world.began,
            0,
        ));
        Self {
            broker: MemoryBroker::new(world.plan.partitions),
            orders: MemoryDatabase::new(Arc::clone(&clock)),
            products: MemoryDatabase::new(Arc::clone(&clock)),
            notifications: MemoryDatabase::new(Arc::clone(&clock)),
            tally: MemoryDatabase::new(clock),
        }
    }
}
