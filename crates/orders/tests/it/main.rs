//! The orders service on a real Kafka and a real MongoDB.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test says by a panic what is wrong"
)]

mod cancel_order;
mod checkout;
mod controls;
mod faults;
mod fixture;
mod group_commit;
mod handlers;
mod hub;
mod idempotency;
mod live;
mod names;
mod orders_http;
mod payment;
mod progress;
mod refusals;
mod restored;
mod server;
