//! Tests of the crate from outside, on the real MongoDB and Kafka, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod catalogue;
mod commands;
mod controls;
mod counter;
mod faults;
mod fixture;
mod idempotency;
mod in_memory;
mod instances;
mod interfered;
mod interference;
mod names;
mod on_order_create;
mod on_order_update;
mod outage;
mod restored;
mod wrong_input;
