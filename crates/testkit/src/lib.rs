//! Fixtures for tests on the real Kafka and the real MongoDB.
//!
//! **Purpose.** [`Bed::new`] gives a test its own databases, topics and consumer groups on
//! the stack that all tests share; [`eventually`] waits for a condition, never for a time;
//! [`faults`] makes each command of a unit of work fail in turn.
//!
//! **Boundary.** A dev-dependency only. It knows the outbox and the shop's events, and no
//! service.
//!
//! **How to add one.** What two crates' tests both need goes here; what one needs stays there.

mod bed;
pub mod faults;
mod hearing;
pub mod stack;
mod wait;

pub use bed::Bed;
pub use hearing::Hearing;
pub use wait::{eventually, eventually_within};
