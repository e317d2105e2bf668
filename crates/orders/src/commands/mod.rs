//! What customers can have done, one file per command: decide, save and say what happened, in one
//! transaction.
//!
//! **How to add one.** A `Work` that reads, decides by the domain, writes, and appends its events;
//! a function that runs it. A command that comes often goes through a queue of its own, as
//! [`PlaceOrders`] goes through [`GroupCommit`].

mod cancel_order;
mod group_commit;
mod idempotency;
mod place_orders;

pub use cancel_order::{CancelOrder, CancelledBy, NotCancelled};
pub use group_commit::{GroupCommit, OrderQueue, QueueError};
pub use idempotency::retry_key;
pub use place_orders::{Decision, Declined, PlaceOrder, PlaceOrders, Placed};
