//! The service on a real MongoDB and a real Kafka, called over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod accounts;
mod lines;
mod merge;
mod notices;
mod server;
mod visitors;
