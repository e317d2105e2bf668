//! `OrderStatusUpdate`: the stock engine decided about an order.

use events::{OrderStatus, OrderStatusUpdate, Reason};
use outbox::{Envelope, EventCollector, Handle, HandleError};

use super::take_facts::{Fact, take_facts};
use crate::domain::Author;
use crate::metrics::SettlingMetrics;
use crate::store::OrdersStore;

/// Handles `OrderStatusUpdate`.
///
/// - **Trigger:** the products service accepted or rejected an order.
/// - **Effect:** the order stands as decided, with the step in its history; whoever waits for it or
///   listens is notified by the change event that the same transaction writes.
/// - **Emits:** `OrderUpdate` for each order that took a step.
/// - **Idempotent,** because an order's progress is compared with the decision: one that comes
///   again lies behind it and is dropped, and so is one that contradicts the first.
pub struct OnOrderStatusUpdate<D> {
    database: D,
    metrics: SettlingMetrics,
}

impl<D: OrdersStore> OnOrderStatusUpdate<D> {
    /// A handler that keeps the orders in `database`.
    pub fn new(database: D) -> Self {
        Self {
            database,
            metrics: SettlingMetrics::new(),
        }
    }
}

impl<D: OrdersStore> Handle<OrderStatusUpdate, D> for OnOrderStatusUpdate<D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<OrderStatusUpdate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let facts: Vec<_> = events
            .iter()
            .map(|published| fact(published))
            .collect::<Result<_, _>>()?;
        let transitions = take_facts(&self.database, tx, &facts, out).await?;
        if !transitions.is_empty() {
            let (metrics, now) = (self.metrics.clone(), out.now());
            out.on_commit(move || {
                for transition in transitions {
                    metrics.settled(transition.from.id, transition.step.status, now);
                }
            });
        }
        Ok(())
    }
}

fn fact(
    published: &Envelope<OrderStatusUpdate>,
) -> Result<Fact<'_, OrderStatusUpdate>, HandleError> {
    let update = &published.event;
    match update.status {
        OrderStatus::Accepted | OrderStatus::Rejected => Ok(Fact {
            order: update.order_id,
            status: update.status,
            reason: update.reason.clone().map(Reason::Rejection),
            by: Author::Products,
            published,
        }),
        other => Err(HandleError::DeadLetter(format!(
            "order {} can't be {} by a decision about stock",
            update.order_id,
            other.name()
        ))),
    }
}
