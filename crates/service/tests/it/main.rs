//! Tests of the crate from outside, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod extractors;
mod health;
mod keys;
mod lifecycle;
mod metrics;
mod middleware;
mod settings;
mod support;
mod tokens;
