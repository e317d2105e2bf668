//! Carts of accounts and of visitors.
//!
//! **Purpose.** Keeps what people mean to buy, on every device of theirs, and tells them what has changed
//! since they put it in: another price, too little stock, a product that is gone.
//!
//! **Boundary.** Nothing is reserved here, and no order is placed: stock is decided when it is. Prices,
//! names and stock are a copy of what products publishes.
//!
//! **Flow.**
//!
//! ```text
//! GET, PUT, DELETE /api/cart...         -> commands/change_cart: the cart's row
//! POST /api/checkout                    -> commands/check_out: cart frozen + outbox  -> CartCheckout 1
//! OrderUpdate                           -> handlers/on_order_update: closed + outbox -> CartCheckout 2
//! ProductCreate, ProductsQuantityUpdate -> replica: local product copy
//! AccountUpdate                         -> handlers/on_account_update: a deleted account's cart is closed
//! ```
//!
//! A visitor's cart is known by a token, of which only the digest is kept. Sent together with an account's
//! token it is merged into the account's cart, once: the transaction that adds it closes the visitor's
//! cart. The database removes a visitor's cart 30 days after its last change.
//!
//! What is checked out has left the cart for the checkout's row. It stays there once its order is placed,
//! and is in the cart again once that is rejected: nothing is in both, or in neither.
//!
//! **How to add one.** A change of a cart: a variant of `domain::Change`, and its endpoint in `http`.

pub mod commands;
pub mod domain;
pub mod handlers;
pub mod http;
mod metrics;
mod name;
pub mod recovery;
mod settings;
pub mod store;

use events::{AccountUpdate, CartCheckout, OrderUpdate, ProductCreate, ProductsQuantityUpdate};
use host::{App, Context, Instance, Service, StartError};

use crate::domain::ProductCopy;
use crate::handlers::{OnAccountUpdate, OnOrderUpdate};
use crate::recovery::CheckoutRecovery;

pub use settings::Settings;

/// The service.
pub struct Carts;

impl Service for Carts {
    const NAME: &'static str = name::NAME;
    const ABOUT: &'static str = "Carts of accounts and visitors";
    const PORT: u16 = 8086;
    const HEALTH: &'static str = "/api/carts_health";
    type Settings = Settings;
    type State = Context<Settings>;

    fn register(app: &mut App<Self>) {
        app.tables(&[store::CARTS, store::CHECKOUTS])
            .publishes::<CartCheckout>()
            .replica::<ProductCreate, ProductCopy>("copies the product")
            .replica::<ProductsQuantityUpdate, ProductCopy>("copies the product")
            .on::<AccountUpdate, _>("closes a deleted account's cart", |context| {
                OnAccountUpdate::new(context.database())
            })
            .on::<OrderUpdate, _>(
                "closes the checkout, or gives it back to the cart",
                |context| OnOrderUpdate::new(context.database()),
            )
            .recovery(|context| CheckoutRecovery::new(context.database()))
            .routes(http::routes());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Context<Settings>, StartError> {
        metrics::describe();
        Ok(instance.context())
    }
}
