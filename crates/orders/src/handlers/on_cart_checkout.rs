//! `CartCheckout`: a cart was checked out, and is to become an order.

use std::collections::{BTreeSet, HashMap};

use events::{CartCheckout, OrderId, OrderStatus, ProductId};
use outbox::{Envelope, EventCollector, Handle, HandleError};
use replica::Versioned;

use crate::domain::{KnownPrice, Order, ProductCopy, details_id, of_checkout, update_id};
use crate::metrics::CheckoutMetrics;
use crate::store::OrdersStore;

/// Handles `CartCheckout`.
///
/// - **Trigger:** a cart was checked out. That it is closed, version 2, is passed over.
/// - **Effect:** the order that the cart names is placed, or kept as REJECTED when a price has changed since.
/// - **Emits:** `OrderCreate` and `OrderDetails` for each placed one; `OrderUpdate` version 1, without an
///   `OrderCreate`, for each rejected one.
/// - **Idempotent,** because the order's id is the cart's choice, and an order that is there stays as it is.
pub struct OnCartCheckout<D> {
    database: D,
    metrics: CheckoutMetrics,
}

impl<D: OrdersStore> OnCartCheckout<D> {
    /// A handler that keeps the orders in `database`.
    pub fn new(database: D) -> Self {
        Self {
            database,
            metrics: CheckoutMetrics::new(),
        }
    }
}

impl<D: OrdersStore> Handle<CartCheckout, D> for OnCartCheckout<D> {
    fn wants(&self, event: &CartCheckout) -> bool {
        event.version == 1
    }

    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<CartCheckout>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let ids: BTreeSet<OrderId> = events.iter().map(|one| one.event.order_id).collect();
        let ids: Vec<OrderId> = ids.into_iter().collect();
        let there = self.database.orders(tx, &ids).await?;
        let mut there: BTreeSet<OrderId> = there.into_iter().map(|order| order.id).collect();
        let lines = events.iter().flat_map(|one| &one.event.lines);
        let products: BTreeSet<ProductId> = lines.map(|line| line.product_id).collect();
        let copies = self.database.product_copies(tx, &products).await?;
        let prices: HashMap<ProductId, KnownPrice> = copies.iter().map(known_price).collect();
        let now = out.after(None);
        let mut new: Vec<Order> = Vec::new();
        for one in events {
            let checkout = &one.event;
            if !there.insert(checkout.order_id) {
                out.duplicates(1);
                continue;
            }
            let known = |product| prices.get(&product).copied();
            let order = of_checkout(checkout, known, now).map_err(|why| {
                let order_id = checkout.order_id;
                HandleError::DeadLetter(format!("the cart of order {order_id} is none: {why}"))
            })?;
            publish(&order, one, out)?;
            new.push(order);
        }
        if !new.is_empty() {
            self.database.insert_orders(tx, &new).await?;
            let metrics = self.metrics.clone();
            out.on_commit(move || metrics.decided(&new));
        }
        Ok(())
    }
}

fn known_price(copy: &Versioned<ProductCopy>) -> (ProductId, KnownPrice) {
    let (version, price) = (copy.version, copy.state.price());
    let id = ProductId::from_bytes(copy.id.into_bytes());
    (id, KnownPrice { version, price })
}

fn publish(
    order: &Order,
    checkout: &Envelope<CartCheckout>,
    out: &mut EventCollector<'_>,
) -> Result<(), HandleError> {
    tracing::info!(
        target: "order", order_id = %order.id, event_id = %checkout.id,
        request_id = checkout.context.correlation_id.as_deref().unwrap_or("-"),
        trace_id = checkout.context.trace_id(), span_id = checkout.context.span_id(),
        status = order.status.name(), "from a cart"
    );
    let context = checkout.consequence();
    if order.status == OrderStatus::Rejected {
        let id = update_id(order.id, order.version);
        out.push_as(id, &order.to_update(), context)?;
        return Ok(());
    }
    out.push(&order.to_event(), context.clone())?;
    let asked = &checkout.event;
    if let Some(details) = order.to_details(asked.payment.clone(), asked.delivery.clone()) {
        out.push_as(details_id(order.id, details.version), &details, context)?;
    }
    Ok(())
}
