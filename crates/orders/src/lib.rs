//! Placing orders and following them until they settle.
//!
//! **Purpose.** Owns the orders: takes them from customers, keeps where they stand, and tells
//! their customers of every step.
//!
//! **Boundary.** Stock is not decided here. The service keeps a copy of the products, good enough
//! for prices and for a first answer; whether an order can be had is the products service's
//! decision. Of the workspace it knows `events`, `host`, `outbox`, `replica` and `service`.
//!
//! **Flow.**
//!
//! ```text
//! POST /api/orders   -> commands/place_orders: order PENDING + outbox      -> OrderCreate
//! POST .../cancel    -> commands/cancel_order: order CANCELLED + outbox     -> OrderUpdate
//! CartCheckout       -> handlers/on_cart_checkout: order PENDING or REJECTED + outbox -> OrderCreate, OrderUpdate
//! OrderStatusUpdate  -> handlers/on_order_status_update: order settled + outbox -> OrderUpdate
//! PaymentUpdate      -> handlers/on_payment_update: order PAID or CANCELLED + outbox    -> OrderUpdate
//! ProductCreate, ProductsQuantityUpdate -> replica: local product copy
//! its own topic      -> recover, before it listens, when the database was restored
//! ```
//!
//! `http` asks `commands`; `commands` and `handlers` decide by `domain` and save through `store`;
//! `live` tells who waits; [`Orders`] registers all of it.
//!
//! **How to add one.** An endpoint: a file in `http` and a route there. A command: a file in
//! `commands`. An event to consume: a file in `handlers` and a line in [`Orders`]; a copy: a type
//! in `domain` and a line.

pub mod commands;
pub mod domain;
pub mod handlers;
pub mod http;
pub mod live;
mod metrics;
mod migration;
mod name;
mod pending;
pub mod recovery;
mod settings;
pub mod store;

use std::convert::Infallible;

use events::{
    CartCheckout, OrderCreate, OrderDetails, OrderStatusUpdate, OrderUpdate, PaymentUpdate,
    ProductCreate, ProductsQuantityUpdate,
};
use host::{App, Instance, Service, StartError};

use crate::commands::GroupCommit;
use crate::domain::ProductCopy;
use crate::handlers::{OnCartCheckout, OnOrderStatusUpdate, OnPaymentUpdate};
use crate::http::{Api, Parts};
use crate::live::Hub;
use crate::metrics::CancellationMetrics;
use crate::recovery::OrderRecovery;
use crate::store::MongoOrders;

pub use settings::{BatchSettings, Settings};

/// The service.
pub struct Orders;

impl Service for Orders {
    const NAME: &'static str = name::NAME;
    const ABOUT: &'static str = "Placing orders and following them";
    const PORT: u16 = 8083;
    const HEALTH: &'static str = "/api/orders_health";
    type Settings = Settings;
    type State = Api;

    fn register(app: &mut App<Self>) {
        app.tables(&store::COLLECTIONS)
            .rule(store::apply_name_rule)
            .publishes::<OrderCreate>()
            .publishes::<OrderUpdate>()
            .publishes::<OrderDetails>()
            .on::<CartCheckout, _>("places the order that the cart becomes", |context| {
                OnCartCheckout::new(context.database())
            })
            .on::<OrderStatusUpdate, _>("settles the order and tells its customer", |context| {
                OnOrderStatusUpdate::new(context.database())
            })
            .on::<PaymentUpdate, _>("marks the order as paid, or cancels it", |context| {
                OnPaymentUpdate::new(context.database())
            })
            .replica::<ProductCreate, ProductCopy>("copies the product")
            .replica::<ProductsQuantityUpdate, ProductCopy>("copies the product")
            .migration("order-updates", migration::order_updates)
            .recovery(|context| OrderRecovery::new(context.database()))
            .routes(http::routes());
    }

    async fn start(instance: &mut Instance<Self>) -> Result<Api, StartError> {
        let (order_queue, writers) = GroupCommit::start(
            instance.database(),
            instance.clock(),
            instance.settings().batch.clone(),
            &instance.requests_ended(),
        );
        instance.finish_before_messages(writers);
        let (hub, orders) = (Hub::default(), MongoOrders::new(instance.database()));
        let (live, feed, stopping) = (hub.clone(), orders.clone(), instance.stopping());
        instance.spawn("live", async move {
            live.run(feed, stopping).await;
            Ok::<_, Infallible>(())
        });
        let waiting = pending::measure(orders.clone(), instance.clock(), instance.stopping());
        instance.spawn("pending", async move {
            waiting.await;
            Ok::<_, Infallible>(())
        });
        Ok(Api::new(Parts {
            order_queue,
            orders,
            hub,
            cancellations: CancellationMetrics::new(),
            verifier: instance.verifier(),
            clock: instance.clock(),
        }))
    }
}
