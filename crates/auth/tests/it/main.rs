//! The service over real HTTP on a real MongoDB.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "these are tests"
)]

mod cookie_mode;
mod keys;
mod login;
mod outage;
mod refresh;
mod register;
mod secrets;
mod seed;
mod server;
mod wrong_input;
