//! The endpoints on a real MongoDB.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod dead_letters;
mod fixture;
mod jobs;
mod registration;
