//! The catalogue and the stock engine.
//!
//! **Purpose.** Owns the products, their categories and their stock, and decides which
//! orders get what they ask for, so that nothing is ever promised twice.
//!
//! **Boundary.** Its own database, its own topics ([`Products`]). It knows of an order only
//! what `OrderCreate` says, and never calls another service.
//!
//! **Flow.**
//!
//! ```text
//! POST /api/products -> commands/create_product   -> ProductCreate
//! POST .../stock     -> commands/restock      -> ProductsQuantityUpdate
//! OrderCreate        -> handlers/on_order_create  -> OrderStatusUpdate, ProductsQuantityUpdate
//! OrderUpdate        -> handlers/on_order_update  -> ProductsQuantityUpdate
//! its own topics     -> recover, before all this, when the database was restored
//! ```
//!
//! [`domain`] decides, [`store`] keeps, [`catalogue`] answers readers from memory, [`Products`]
//! registers all of it.
//!
//! **How to add one.** A command: a file in `commands/` and an endpoint in `http/` that
//! calls it. A handler: a file in `handlers/` and a line in [`Products`].

pub mod catalogue;
pub mod commands;
pub mod domain;
pub mod handlers;
pub mod http;
mod name;
pub mod recovery;
pub mod seed;
pub mod store;

use std::convert::Infallible;
use std::sync::Arc;

use events::{OrderCreate, OrderStatusUpdate, OrderUpdate, ProductCreate, ProductsQuantityUpdate};
use host::{App, Instance, Service, StartError};
use outbox::SystemClock;

use crate::catalogue::MemoryCatalogue;
use crate::handlers::{OnOrderCreate, OnOrderUpdate};
use crate::http::Api;
use crate::recovery::ProductRecovery;

pub use seed::seed_demo;
pub use store::audit::audit_view;

/// The service.
pub struct Products;

impl Service for Products {
    const NAME: &'static str = name::NAME;
    const ABOUT: &'static str = "The catalogue and the stock";
    const PORT: u16 = 8082;
    const HEALTH: &'static str = "/api/products_health";
    type Settings = Settings;
    type State = Api;

    fn register(app: &mut App<Self>) {
        app.tables(&store::COLLECTIONS)
            .rule(store::apply_name_rule)
            .demo(async |database| {
                seed_demo(&database, Arc::new(SystemClock)).await?;
                Ok(())
            })
            .publishes::<OrderStatusUpdate>()
            .publishes::<ProductCreate>()
            .publishes::<ProductsQuantityUpdate>()
            .on::<OrderCreate, _>("reserves stock for the order or rejects it", |context| {
                OnOrderCreate::new(context.database(), context.clock())
            })
            .on::<OrderUpdate, _>("gives the stock of a cancelled order back", |context| {
                OnOrderUpdate::new(context.database())
            })
            .recovery(|context| ProductRecovery::new(context.database(), context.clock()))
            .writes_wait_for_recovery()
            .routes(http::routes());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Api, StartError> {
        let catalogue = MemoryCatalogue::new(instance.database());
        let (kept, stopping) = (catalogue.clone(), instance.stopping());
        let tables_made = instance.tables_made();
        instance.spawn("catalogue", async move {
            // A database that is being restored is not read: it may lack products, or have old ones.
            if stopping.run_until_cancelled(tables_made).await.is_some() {
                kept.keep(stopping).await;
            }
            Ok::<_, Infallible>(())
        });
        Ok(Api {
            database: instance.database(),
            clock: instance.clock(),
            verifier: instance.verifier(),
            catalogue,
        })
    }
}

/// What can be set for this service alone: nothing.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
#[group(skip)]
pub struct Settings {}
