//! Reservation over shards of products, simulated before it is built.
//!
//! **Purpose.** Where one stock engine ends, products are spread over shards, and an order
//! that needs several of them is settled by holds: a coordinator asks each shard to set the
//! pieces aside, then confirms all holds or cancels all. This shows that the protocol does
//! not oversell, what it costs against one engine, and which of its rules it can't do without.
//!
//! **Boundary.** A simulation of discrete events: no services, no database, no time of the
//! machine's own. A step of a node is one transaction (state and messages together, as the
//! outbox gives it), which holds or never was. Messages are lost, doubled, late and out of
//! order; nodes crash before, in the middle of and after a step. The one engine that it is
//! held against is the real one ([`products::domain::decide`]). `docs/scaling.md` says how
//! the protocol fits into the shop and what the figures mean.
//!
//! **Flow.** [`Setting`] says what is simulated, in a storm drawn from a seed or in calm;
//! [`run`] lets the orders through shards and coordinators, looking at every step, and gives
//! an [`Outcome`]; [`cost`] and [`cost_by_span`] hold calm runs against the one engine, and
//! [`Cluster`] does the arithmetic of the document.
//!
//! **How to add one.** A fault: a field of [`Storm`] and a place in `exchange.rs` or `post.rs`.
//! A rule that can be taken away: a variant of [`Rule`], where it `stands`, and a test that
//! sees it missing.

mod case;
mod check;
mod cluster;
mod coordinator;
mod cost;
mod exchange;
mod inputs;
mod outcome;
mod post;
mod protocol;
mod rule;
mod setting;
mod shard;

pub use cluster::Cluster;
pub use cost::{Cost, Level, SpanCost, cost, cost_by_span};
pub use exchange::run;
pub use inputs::Inputs;
pub use outcome::{Faults, Outcome, Settled};
pub use rule::{Rule, UnknownRule};
pub use setting::{Setting, Storm, Way};
