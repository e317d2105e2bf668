//! Payments as a whole: their rules over all orders of what may happen, and the service on a real MongoDB, a
//! real Kafka and a provider.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod balances;
mod cards;
mod hook;
mod interleavings;
mod refunds;
mod relay;
mod restored;
mod shop;
mod window;
mod world;
