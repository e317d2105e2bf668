//! A database and a broker in memory, for simulations and for a service's own unit tests.
//!
//! They keep the promises that the real ones keep (the same suite holds them to it) and
//! nothing beyond: no durability. What may go wrong with them is said through [`Faults`]. What a test proves over them it proves about the code
//! that uses them, not about MongoDB or Kafka.

mod broker;
mod database;
mod dead_letters;
mod faults;
mod filter;
mod inbox;
mod job_row;
mod jobs;
mod rows;
mod tables;

pub use broker::{MemoryBroker, MemorySource};
pub use database::{MemoryDatabase, MemoryTx};
pub use faults::{Faults, Step};
pub use rows::Documents;
pub use tables::Tables;
