//! Carts of accounts and of visitors.
//!
//! **Purpose.** Keeps what people mean to buy, on every device of theirs, and tells them what has changed
//! since they put it in: another price, too little stock, a product that is gone.
//!
//! **Boundary.** Nothing is reserved here: stock is decided when an order is placed. Prices, names and
//! stock are a copy of what products publishes.
//!
//! **Flow.**
//!
//! ```text
//! GET, PUT, DELETE /api/cart...         -> commands/change_cart: the cart's row
//! ProductCreate, ProductsQuantityUpdate -> replica: local product copy
//! AccountUpdate                         -> handlers/on_account_update: a deleted account's cart is closed
//! ```
//!
//! A visitor's cart is known by a token, of which only the digest is kept. Sent together with an account's
//! token it is merged into the account's cart, once: the transaction that adds it closes the visitor's
//! cart. The database removes a visitor's cart 30 days after its last change.
//!
//! **How to add one.** A change of a cart: a variant of `domain::Change`, and its endpoint in `http`.

pub mod commands;
pub mod domain;
pub mod handlers;
pub mod http;
mod metrics;
mod settings;
pub mod store;

use events::{AccountUpdate, ProductCreate, ProductsQuantityUpdate};
use host::{App, Context, Instance, Service, StartError};

use crate::domain::ProductCopy;
use crate::handlers::OnAccountUpdate;

pub use settings::Settings;

/// The service.
pub struct Carts;

impl Service for Carts {
    const NAME: &'static str = "carts";
    const ABOUT: &'static str = "Carts of accounts and visitors";
    const PORT: u16 = 8086;
    const HEALTH: &'static str = "/api/carts_health";
    type Settings = Settings;
    type State = Context<Settings>;

    fn register(app: &mut App<Self>) {
        app.tables(&[store::CARTS])
            .replica::<ProductCreate, ProductCopy>("copies the product")
            .replica::<ProductsQuantityUpdate, ProductCopy>("copies the product")
            .on::<AccountUpdate, _>("closes a deleted account's cart", |context| {
                OnAccountUpdate::new(context.database())
            })
            .routes(http::routes());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Context<Settings>, StartError> {
        metrics::describe();
        Ok(instance.context())
    }
}
