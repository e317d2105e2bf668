//! The simulation itself, and that it can fail.
#![allow(clippy::expect_used, reason = "a test ends where its setup fails")]

mod command;
mod controls;
mod jobs;
mod same_seed;
mod seeds;
