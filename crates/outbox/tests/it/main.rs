//! The promises of this crate, held by every adapter.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by a panic what is wrong"
)]

mod conformance;
mod example;
mod mongo_faults;
mod mongo_visibility;
mod read_ahead;
mod wire;
