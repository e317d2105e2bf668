//! Fixtures for tests on the real Kafka and the real MongoDB.
//!
//! **Purpose.** [`TestEnvironment::new`] gives a test its own databases, topics and consumer groups
//! on the stack that all tests share; [`eventually`] waits for a condition, never for a time;
//! [`TestService`] runs a service there; [`faults`] makes each command of a unit of work fail in turn; [`Backup`] copies a database and
//! puts the copy back; [`Signer`] signs tokens as the auth service does.
//!
//! **Boundary.** A dev-dependency only. It knows the outbox, the host and the shop's events,
//! and no service.
//!
//! **How to add one.** What two crates' tests both need goes here; what one needs stays there.

mod backup;
mod consuming;
mod environment;
pub mod faults;
mod pending_messages;
mod signer;
pub mod stack;
mod test_service;
mod wait;

pub use backup::Backup;
pub use consuming::Consuming;
pub use environment::TestEnvironment;
pub use pending_messages::take_pending;
pub use signer::{Signer, unsigned};
pub use test_service::{TestService, problem_code};
pub use wait::{eventually, eventually_within};
