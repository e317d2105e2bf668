//! Placing orders and following them until they settle.
//!
//! **Purpose.** Owns the orders: takes them from customers, keeps where they stand, and tells
//! their customers of every step.
//!
//! **Boundary.** Stock is not decided here. The service keeps a copy of the products, good enough
//! for prices and for a first answer; whether an order can be had is the products service's
//! decision. Of the workspace it knows `events`, `outbox` and `service`.
//!
//! **Flow.**
//!
//! ```text
//! POST /api/orders   -> commands/place_orders: order PENDING + outbox      -> OrderCreate
//! OrderStatusUpdate  -> handlers/on_order_status_update: order settled + outbox -> OrderUpdate
//! ProductCreate, ProductsQuantityUpdate -> handlers: local product copy
//! its own topic      -> relearn, before it listens, when the database was restored
//! ```
//!
//! `http` asks `commands`; `commands` and `handlers` decide by `domain` and save through `store`;
//! `live` tells who waits; `wiring` puts them together.
//!
//! **How to add one.** An endpoint: a file in `http` and a route there. A command: a file in
//! `commands`. An event to listen to: a file in `handlers`, a line in [`CONTRACT`] and one in
//! `wiring`.

pub mod commands;
pub mod domain;
mod figures;
pub mod handlers;
pub mod http;
pub mod live;
mod pending;
pub mod relearn;
mod settings;
pub mod store;
mod wiring;

use events::{
    Contract, OrderCreate, OrderStatusUpdate, OrderUpdate, ProductCreate, ProductsQuantityUpdate,
    Stream,
};

pub use http::openapi;
pub use settings::{BatchSettings, DEFAULT_DATABASE, DEFAULT_PORT, Settings};
pub use wiring::{Error, Running, migrate, start, subscriptions};

/// The service's name: its consumer group, and the source of its events.
pub const SERVICE: &str = "orders";

/// The service's part in the choreography.
pub const CONTRACT: Contract = Contract {
    service: SERVICE,
    publishes: &[Stream::of::<OrderCreate>(), Stream::of::<OrderUpdate>()],
    subscribes: &[
        (
            Stream::of::<OrderStatusUpdate>(),
            "settles the order and tells its customer",
        ),
        (Stream::of::<ProductCreate>(), "copies the product"),
        (Stream::of::<ProductsQuantityUpdate>(), "copies the product"),
    ],
};
