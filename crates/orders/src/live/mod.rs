//! Who waits for which order to change, and telling them.
//!
//! **Flow.** An order's step is written by whichever instance has its partition; MongoDB's change
//! stream says so to every instance. [`Hub`] keeps one such stream open while somebody waits
//! ([`Watch`]) or listens ([`Listener`]), reads the orders that somebody asked about, all of a batch
//! in one query, and passes them on.
//!
//! **Nothing is missed.** One registers first and reads the current state afterwards, once the
//! stream is open. When the stream breaks for good, waiters' orders are read again, and listeners
//! are let go: they come back with the last event that they saw, and get the rest from the
//! database.

mod feed;
mod hub;
mod registry;

pub use feed::{Change, Changes, Feed};
pub use hub::Hub;
pub use registry::{Listener, OrderChange, Watch};
