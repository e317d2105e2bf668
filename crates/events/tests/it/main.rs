//! What was ever published stays readable, and money is exact.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contracts;
mod money;
mod names;
mod statuses;
