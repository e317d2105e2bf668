//! devstack on the real Kafka and mongod.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what goes wrong in a fixture fails the test that asked for it"
)]

mod faults;
mod fixture;
mod orphans;
mod prerequisites;
mod restart;
