//! An order was cancelled: what was taken for it is given back.

use std::collections::BTreeMap;

use events::{OrderId, OrderStatus, OrderUpdate, ProductId, ProductState, ProductsQuantityUpdate};
use outbox::{Envelope, EventCollector, Handle, HandleError};

use crate::domain::{Demand, Outcome, release};
use crate::store::{StockChange, StockStore};

/// **Trigger:** `OrderUpdate` of an order that is CANCELLED; others are passed over.
///
/// **Effect:** the stock that was taken for it is there again, and its reservation is marked as
/// released.
///
/// **Emits:** `ProductsQuantityUpdate` for each product that changed. `OrderStatusUpdate` stays what it
/// was: the stock decision.
///
/// **Idempotent** because of the mark. An order that was rejected was given nothing. It was decided
/// before: its `OrderCreate` lies before this in the topic, under the same key. Without a decision,
/// which an operator can bring about by discarding that as a dead letter, nothing was taken.
pub struct OnOrderUpdate<D> {
    store: D,
}

impl<D> OnOrderUpdate<D> {
    /// A handler that gives back to what `store` has.
    pub fn new(store: D) -> Self {
        Self { store }
    }
}

impl<D: StockStore> Handle<OrderUpdate, D> for OnOrderUpdate<D> {
    fn wants(&self, event: &OrderUpdate) -> bool {
        event.status == OrderStatus::Cancelled
    }

    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<OrderUpdate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let cancelled: BTreeMap<OrderId, &Envelope<OrderUpdate>> = events
            .iter()
            .map(|envelope| (envelope.event.order_id, *envelope))
            .collect();
        let ids: Vec<OrderId> = cancelled.keys().copied().collect();
        let decided = self.store.stock_decisions(tx, &ids).await?;
        let mut released = Vec::new();
        let mut returned: BTreeMap<ProductId, Returned<'_>> = BTreeMap::new();
        for (id, envelope) in &cancelled {
            let given = decided.get(id).filter(|kept| {
                kept.decision.outcome == Outcome::Accepted && kept.released_at.is_none()
            });
            let Some(given) = given else { continue };
            released.push(*id);
            for line in &given.decision.lines {
                let product = returned.entry(line.product_id).or_insert(Returned {
                    quantity: 0,
                    last: envelope,
                });
                product.quantity += line.quantity;
                product.last = envelope;
            }
            log(envelope, &given.decision.lines);
        }
        out.duplicates(events.len() - released.len());
        if released.is_empty() {
            return Ok(());
        }

        let ids: Vec<ProductId> = returned.keys().copied().collect();
        let products = self.store.products(tx, &ids).await?;
        let mut changes = Vec::with_capacity(returned.len());
        for (id, Returned { quantity, last }) in &returned {
            let (after, quantity) = given_back(products.get(id), *id, *quantity)?;
            changes.push(StockChange {
                product_id: *id,
                version: after.version - 1,
                quantity,
            });
            out.push(
                &ProductsQuantityUpdate { product: after },
                last.consequence(),
            )?;
        }
        self.store.give_back(tx, &changes).await?;
        self.store.mark_released(tx, &released, out.now()).await?;
        Ok(())
    }
}

/// What comes back of a product, and the last event that said so.
struct Returned<'a> {
    quantity: u64,
    last: &'a Envelope<OrderUpdate>,
}

fn given_back(
    before: Option<&ProductState>,
    id: ProductId,
    quantity: u64,
) -> Result<(ProductState, u32), HandleError> {
    let before = before.ok_or_else(|| {
        HandleError::DeadLetter(format!(
            "product {id}, of which {quantity} come back, is not in this database"
        ))
    })?;
    release(before, quantity).ok_or_else(|| {
        HandleError::DeadLetter(format!(
            "{quantity} of product {id} come back to {}: more than can be counted",
            before.quantity
        ))
    })
}

fn log(envelope: &Envelope<OrderUpdate>, lines: &[Demand]) {
    tracing::info!(
        target: "order",
        order_id = %envelope.event.order_id,
        event_id = %envelope.id,
        request_id = envelope.context.correlation_id.as_deref(),
        trace_id = envelope.context.trace_id(),
        span_id = envelope.context.span_id(),
        products = lines.len(),
        "released"
    );
}
