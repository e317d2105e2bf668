//! The choreography as a state machine, every state of which is looked at.
//!
//! **Purpose.** To show that the rules of the design are enough: with three orders, two scarce
//! products and faults at any place and in any order, no reachable state breaks a promise, and
//! every order is settled in the end. And that each rule is needed: with one taken away the
//! checker finds the way to a broken promise.
//!
//! **Boundary.** A model, not the code: it imports no crate of the workspace. The simulation runs
//! the real code on fewer schedules; this runs all schedules on fewer lines.
//!
//! **Flow.** [`Choreography`] lists the [`Action`]s of a [`State`] and applies them; [`check`] lets
//! Stateright visit all states and hold the promises of `properties.rs` against each. The program
//! `check` prints the figures.
//!
//! # What stands for what
//!
//! | action | real code |
//! |---|---|
//! | `Place` | `orders/src/commands/place_orders.rs` |
//! | `Relay`, `RelayResumes` | `outbox/src/relay.rs`, `outbox/src/kafka/publisher.rs` |
//! | `Decide`, `DecideResumes` | `outbox/src/inbox.rs` and `inbox/batch.rs` with `products/src/handlers/on_order_create.rs`, `products/src/domain/decide.rs`, `products/src/store/stock.rs` |
//! | `Settle`, `SettleResumes` | the same inbox with `orders/src/handlers/on_order_status_update.rs` and `copy_products.rs` |
//! | `TakeOver` | `InboxStore::claim` after a rebalance |
//! | `Replay` | the operator's rewinding of checkpoints to zero |
//!
//! # Steps, crashes and stalls
//!
//! An action is a whole run of a process: a relay's round, an inbox's transaction. Where its
//! steps are seen by others it can end early, at each of them: it *dies* there, and what it knew
//! is gone, or it *stalls* there and goes on at any later time, when another has taken its work
//! over: the zombie. A crash inside a transaction is no action, for it leaves what was there
//! before; nor is one between two runs, for then a process knows nothing that the database does not.
//! An uninterrupted run is one action because its steps only add to logs, and those are read at any
//! pace.
//!
//! Deaths, stalls, lost replies and replays are faults. A run has so many of them in all
//! ([`Choreography::faults`]), of any kinds, at any places. That keeps the graph finite and
//! without cycles, so that each path ends: there, nothing may be left to do.
//!
//! # Why it takes minutes and not days
//!
//! Two reductions, each held to the whole by a test (`tests/it/reductions.rs`): states with the same
//! future are looked at once ([`representative`]), and a step that commutes with everything that
//! can come is taken at once ([`Choreography::reduced`]).
//!
//! # What it shows beside the promises
//!
//! - **Stock is guarded twice.** The statement that takes stock names the version that was read;
//!   MongoDB also refuses a transaction that overwrites what changed since its snapshot. Either
//!   is enough. Without both, stock is oversold ([`Choreography::isolation`]).
//! - **A zombie relay may say an older state last.** It stalls with a product's state in hand,
//!   another relay publishes this one and a newer one, and the zombie publishes its own again.
//!   Copies that exist do not mind; but the last record of the key is what compaction
//!   keeps, so a copy built from the topic alone would be behind until the product changes again.
//!   The property "a relay that was presumed dead publishes an older state last" finds it.
//!
//! # What the model leaves out
//!
//! - The lease. A relay may begin while another one is stalled, as if there were none: nothing
//!   that the model shows rests on it.
//! - Dead letters, deletion of old records, and loss of data by a server.
//! - Refusals by orders' own copy: in the model every order is placed.
//! - Who reads `OrderUpdate`: nobody does yet, so its record is remembered and not kept.
//!
//! **How to add one.** A fault: a variant in `action.rs`, its effect beside the run that it breaks. A
//! promise: an entry in `properties.rs`. A guard: a variant of [`Guard`], and a case in
//! `tests/it/guards.rs` that shows what happens without it.

mod action;
mod checking;
mod choreography;
mod equivalence;
mod guard;
mod log;
mod message;
mod orders;
mod products;
mod properties;
mod relay;
mod setting;
mod state;

pub use action::{Action, BatchEnd, RelayEnd, Side};
pub use checking::{Counterexample, Found, check, find};
pub use equivalence::representative;
pub use guard::{Guard, Guards};
pub use setting::Choreography;
pub use state::State;
