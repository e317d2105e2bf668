//! The catalogue and the stock engine.
//!
//! **Purpose.** Owns the products, their categories and their stock, and decides which
//! orders get what they ask for, so that nothing is ever promised twice.
//!
//! **Boundary.** Its own database, its own topics ([`CONTRACT`]). It knows of an order only
//! what `OrderCreate` says, and never calls another service.
//!
//! **Flow.**
//!
//! ```text
//! POST /api/products -> commands/create_product   -> ProductCreate
//! POST .../stock     -> commands/raise_stock      -> ProductsQuantityUpdate
//! OrderCreate        -> handlers/on_order_create  -> OrderStatusUpdate, ProductsQuantityUpdate
//! its own topics     -> relearn, before all this, when the database was restored
//! ```
//!
//! [`domain`] decides, [`store`] keeps, [`catalogue`] answers readers from memory,
//! [`wiring`](start) puts the parts together.
//!
//! **How to add one.** A command: a file in `commands/` and an endpoint in `http/` that
//! calls it. A handler: a file in `handlers/`, a line in [`CONTRACT`] and one in the
//! subscriptions of `wiring/`.

pub mod catalogue;
pub mod commands;
pub mod domain;
pub mod handlers;
pub mod http;
pub mod relearn;
pub mod seed;
pub mod store;
mod wiring;

use events::{
    Contract, OrderCreate, OrderStatusUpdate, ProductCreate, ProductsQuantityUpdate, Stream,
};

pub use http::openapi;
pub use seed::seed_demo;
pub use store::audit::audit_view;
pub use wiring::{
    MigrateError, PORT, Running, Settings, StartError, connect, migrate, start, subscriptions,
};

/// What the service says and hears.
pub const CONTRACT: Contract = Contract {
    service: "products",
    publishes: &[
        Stream::of::<OrderStatusUpdate>(),
        Stream::of::<ProductCreate>(),
        Stream::of::<ProductsQuantityUpdate>(),
    ],
    subscribes: &[(
        Stream::of::<OrderCreate>(),
        "reserves stock for the order or rejects it",
    )],
};
