//! The whole system, looked at from outside.
//!
//! **Purpose.** Scenarios that no single crate can show: an order's way through every
//! service, two instances of each, a service killed in the middle, a broker that is away, and
//! [`chaos`], which does all that at random for as long as it is told to.
//!
//! [`upgrade`] exchanges the processes of one build for those of another.
//!
//! **Boundary.** What a client can see over HTTP, what `quadrille audit` finds, and, for chaos, the
//! services' databases and topics read by the services' own code.
//!
//! **Flow.** A [`Shop`] is a set of [`Part`]s, processes of the real program. Tests in `tests/it`
//! and [`chaos`] start one, use a [`Client`], and end with an audit.
//!
//! **How to add one.** A file in `tests/it` named after the scenario. For a new kind of fault see
//! `chaos/fault.rs`.

pub mod chaos;
mod client;
mod connection;
mod part;
mod shop;
mod tools;
pub mod upgrade;
mod wait;

pub use client::{Answer, Client};
pub use connection::{Connection, Endpoints, free_port, program};
pub use part::Part;
pub use shop::{Shop, UNLIMITED};
pub use wait::until;
