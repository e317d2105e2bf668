//! The promises of this crate, held by every adapter.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by a panic what is wrong"
)]

mod broker_faults;
mod conformance;
mod controls;
mod example;
mod faults;
mod lost_lease;
mod messaging;
mod migrations;
mod mongo_visibility;
mod paused_reader;
mod read_ahead;
mod recreated_topic;
mod routes;
mod rows;
mod topics;
mod waiting_jobs;
mod wire;
mod write_errors;

/// Shows what the code under test says, when `RUST_LOG` asks for it.
pub(crate) fn log() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_test_writer()
        .try_init();
}
