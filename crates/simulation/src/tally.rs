//! A service that only counts.
//!
//! The shop's own handlers drop what they have seen by keys that never expire, so a record
//! that is applied twice does no harm there, and is not seen. This one has no such key: it
//! counts right only if every record is applied exactly once.

use std::collections::BTreeMap;

use controls::{Broken, BrokenTx};
use events::{OrderCreate, OrderStatusUpdate, OrderUpdate};
use outbox::memory::{MemoryDatabase, MemoryTx};
use outbox::{Envelope, Event, EventCollector, Handle, HandleError, Subscriptions};
use uuid::Uuid;

/// How often each event was applied.
pub type Counts = BTreeMap<Uuid, u32>;

/// The consumer group.
pub(crate) const GROUP: &str = "tally";

/// Handles every event by counting it.
struct Count;

impl<E: Event> Handle<E, Broken<MemoryDatabase<Counts>>> for Count {
    async fn handle(
        &self,
        tx: &mut BrokenTx<MemoryTx<Counts>>,
        events: &[&Envelope<E>],
        _out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        for envelope in events {
            *tx.right.state.entry(envelope.id).or_default() += 1;
        }
        Ok(())
    }
}

pub(crate) fn subscriptions() -> Subscriptions<Broken<MemoryDatabase<Counts>>> {
    Subscriptions::new(GROUP)
        .on::<OrderCreate, _>(Count)
        .on::<OrderUpdate, _>(Count)
        .on::<OrderStatusUpdate, _>(Count)
}
