//! What the service keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The service's state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) orders: BTreeMap<u32, Order>,
    pub(super) entries: Vec<Entry>,
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
