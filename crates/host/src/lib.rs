//! Hosts a service.
//!
//! **Purpose.** A service declares what it is: what it publishes and consumes, its tables, its
//! endpoints ([`Service`], [`App`]). All that every service does alike is done here: it connects,
//! prepares the database and the topics, recovers what a restored database lacks, runs the relay
//! and the inbox, answers health checks and the operators of its dead letters, and shuts down in
//! the order in which work flows.
//!
//! **Boundary.** No rule of the shop is in here. Of a service's own types only the events that it
//! registers are known, so its contract ([`Contract`]) can't differ from what it does.
//!
//! **Flow.** [`start`] runs one instance. [`Role`] is a service without its type, for programs that
//! go through all of them: its settings on a command line, its OpenAPI document, its tables, its
//! subscriptions for the operators' tools.
//!
//! **How to add one.** What every service needs is added to [`App`] and done in `run`; an
//! operators' endpoint is a file in `operations`.

mod app;
mod checkout;
mod connect;
mod context;
mod contract;
mod error;
mod idempotency;
mod migration;
pub mod operations;
mod request_context;
mod role;
mod run;
mod service;
mod settings;

pub use self::service::{Service, contract, migrate, openapi, prepare};
pub use app::App;
pub use checkout::{AddressBody, PaymentBody};
pub use connect::{connect, kafka_options};
pub use context::Context;
pub use contract::{Contract, Stream};
pub use error::{BoxError, StartError};
pub use idempotency::{Answer, Done, IdempotencyKey, NotDone, REPLAYED, key_reused, once};
pub use migration::{Migrated, Published};
pub use request_context::RequestContext;
pub use role::{Role, role};
pub use run::{Instance, Running, start, start_at};
pub use settings::Settings;
