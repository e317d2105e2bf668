//! The provider on a real MongoDB, called over HTTP, with a receiver of its webhooks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod books;
mod faults;
mod intents;
mod provider;
mod receiver;
mod tokens;
mod webhooks;
