//! Faults of the database, one at each command of a unit of work.
//!
//! **How.** A [`MongoProxy`] stands between a client and MongoDB. It sees every command and makes
//! one of them fail: by the server's own `failCommand`, armed for that one command, or by what a
//! network does to the answer. [`each_command`] runs a unit of work once to learn its commands, and
//! then once more for every command and every fault.
//!
//! The server has one `failCommand` for all clients. It is armed under a lock that all test
//! processes share, for one client's name and one command, so tests need not wait for each other.
//!
//! **How to add one.** A fault is a variant of [`Fault`] and a row of [`Fault::of`].

mod each;
mod fail_point;
mod fault;
mod proxy;
mod report;
mod wire;

pub use each::{Share, each_command, each_fault, in_shares};
pub use fault::{Fault, Trouble};
pub use proxy::{MongoProxy, When};
pub use report::FaultCounts;
