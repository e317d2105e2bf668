//! The port to whatever says that orders changed.

use events::{AccountId, OrderId};
use jiff::Timestamp;
use outbox::StoreError;

use crate::domain::Order;

/// An order took a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The order.
    pub order: OrderId,
    /// Whose it is, so that nobody is asked about orders that nobody follows.
    pub customer: AccountId,
    /// When it was written.
    pub at: Timestamp,
}

/// A source of changes, and the orders themselves.
pub trait Feed: Send + Sync + 'static {
    /// The changes from when it was opened on.
    type Changes: Changes;

    /// Starts listening. What changes after this has come back is reported.
    fn open(&self) -> impl Future<Output = Result<Self::Changes, StoreError>> + Send;

    /// The orders of these ids as they are now.
    fn orders(
        &self,
        ids: &[OrderId],
    ) -> impl Future<Output = Result<Vec<Order>, StoreError>> + Send;
}

/// An open feed.
pub trait Changes: Send {
    /// The changes that have come, at least one. Safe to cancel.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Change>, StoreError>> + Send;
}
