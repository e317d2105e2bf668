//! Adapters that break one rule of the design on purpose.
//!
//! **Purpose.** A check that cannot fail proves nothing. [`Broken`] stands between the code under
//! test and its database or broker, passes everything on, and breaks one [`Rule`]; the check that
//! guards the rule then has to fail, with its own message (a negative control).
//!
//! **Boundary.** For the simulation and for tests. The product knows nothing of it, in no build:
//! a rule is broken behind the port that it is kept behind. It is a crate of its own because the
//! simulation and the tests of three crates share it; `outbox` takes it without the features that
//! need the services.
//!
//! **How to add one.** A variant of [`Rule`]; the wrong answer in the method that keeps the rule,
//! in `outbox.rs`, `orders.rs`, `products.rs` or `replica.rs`; the check that has to notice, in the simulation's
//! `control.rs` and in a test of a `controls` module; a row in `xtask/src/reliability/rules.rs`.

mod broken;
#[cfg(feature = "orders")]
mod orders;
mod outbox;
#[cfg(feature = "products")]
mod products;
#[cfg(feature = "replica")]
mod replica;
mod rule;

pub use broken::{Broken, BrokenTx};
pub use rule::{Rule, UnknownRule};
