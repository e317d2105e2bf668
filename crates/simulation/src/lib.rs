//! A seeded simulation of the whole exchange.
//!
//! **Purpose.** Runs the real relay, inbox, transactions, stock engine and order code over
//! the adapters in memory, through faults that a seed draws: transient errors, conflicts,
//! commits that nobody hears of, publications that half happen, duplicates, late and
//! differently interleaved deliveries, rebalances, stalls longer than lease and session,
//! crashes at any await point, replays from zero, unreadable messages. Then the faults end,
//! everything has to settle, and the databases are compared.
//!
//! **Boundary.** What it shows, it shows of the code above the adapters; that MongoDB and
//! Kafka keep the promises that the adapters in memory make is for the tests on the real
//! servers. The same seed gives the same run, to the last step: time is simulated, ids and
//! chances come from the seed, and there is one thread.
//!
//! **Flow.** [`run`] draws a [`Plan`] from the seed, starts the [`shop`](Shop) with up to two
//! instances of each service, lets customers and the fault schedule at it, and `check`s.
//!
//! [`jobs`] does the same for jobs and timers, with a service of its own.
//!
//! **How to add one.** A fault: a kind in [`Fault`] and where `FaultInjector` draws it, or an event
//! of the weather. A check: a function in `check/` that names what is off, and a variant of
//! [`Check`] for it. A negative control: see the crate `controls`, and `control.rs` here.

mod batch;
mod chance;
mod check;
mod clock;
mod control;
mod customers;
mod expected;
mod fault;
mod fault_injector;
mod fault_schedule;
mod instance;
pub mod jobs;
mod name;
mod plan;
mod run;
mod servers;
mod shop;
mod tally;
mod violation;
mod world;

pub use batch::{Summary, run_all};
pub use control::Control;
pub use fault::Fault;
pub use plan::Plan;
pub use run::{Run, run};
pub use shop::Shop;
pub use tally::Counts;
pub use violation::{Check, Violation};
