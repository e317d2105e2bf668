//! The guard over memory and over a real MongoDB, and copies made anew.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test says by a panic what is wrong"
)]

mod controls;
mod fixture;
mod guard;
mod rebuild;
