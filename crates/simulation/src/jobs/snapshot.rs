//! What the service keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outbox::StoreError;
use outbox::memory::Tables;

/// The service's state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) orders: BTreeMap<u32, Order>,
    pub(super) entries: Vec<Entry>,
}

impl Tables for Snapshot {
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError> {
        self.orders.install(&seen.orders, left.orders)?;
        self.entries.install(&seen.entries, left.entries)
    }
}

/// An order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// When its timer is due, once it is placed.
    pub(super) due: Option<Timestamp>,
    /// It was paid before the timer closed it.
    pub(super) paid: bool,
}

/// That a timer closed an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) order: u32,
    /// The latest time that the database's clock had shown by then.
    pub(super) latest: Timestamp,
}
