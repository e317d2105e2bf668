//! Scenarios over the whole system, on the real Kafka and MongoDB.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crowd;
mod in_one_process;
mod instances;
mod outages;
mod shop;
