//! The whole system, looked at from outside.
//!
//! **Purpose.** Scenarios that no single crate can show: an order's way through every
//! service, two instances of each, a service killed in the middle, a broker that is away.
//!
//! **Boundary.** What a client can see over HTTP, and what `quadrille audit` finds. Tests
//! live in `tests/it`; here is only the client that they share.
//!
//! **How to add one.** A file in `tests/it` named after the scenario; start a `Shop`, use a
//! [`Client`], end with `shop.audit()`.

mod client;

pub use client::{Answer, Client};
