//! devstack on the real Kafka and mongod.

mod faults;
mod fixture;
mod orphans;
mod prerequisites;
mod restart;
