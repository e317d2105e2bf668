//! The services of the shop, listed once.
//!
//! Whatever goes through all services goes through [`SERVICES`]: `serve`, `up`, `seed`, `migrate`,
//! `backup`, `audit`, `topics`, dead letters, the gateway's routes, the choreography.
//!
//! **How to add one.** A line in [`SERVICES`], then `cargo xtask generate`; the layer rules and the tests name
//! what else is due.

use host::{Role, role};

/// Every service. `auth` comes first: the others check tokens by its keys.
pub static SERVICES: &[&dyn Role] = &[
    role::<auth::Auth>(),
    role::<products::Products>(),
    role::<orders::Orders>(),
    role::<purchases::Purchases>(),
    role::<notifications::Notifications>(),
    role::<carts::Carts>(),
    role::<payments::Payments>(),
];

/// Services that are there for trying the shop out, and no part of it: `up` runs them, `serve` does when
/// they are named, and nothing else knows them, be it the gateway, a deployment, a backup or the audit.
pub static DEMO_SERVICES: &[&dyn Role] = &[role::<payment_simulator::PaymentSimulator>()];

/// Every service that can be started: those of the shop, then those of the demo.
pub fn startable() -> impl Iterator<Item = &'static dyn Role> {
    SERVICES.iter().chain(DEMO_SERVICES).copied()
}

/// The names of all services.
pub fn names() -> Vec<&'static str> {
    SERVICES.iter().map(|service| service.name()).collect()
}

/// The services as the gateway knows them.
pub fn upstreams() -> Vec<gateway::Upstream> {
    let upstream = |service: &&dyn Role| gateway::Upstream {
        name: service.name(),
        port: service.port(),
        health: service.health(),
        openapi: service.openapi(),
    };
    SERVICES.iter().map(upstream).collect()
}
