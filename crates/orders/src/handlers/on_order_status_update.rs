//! `OrderStatusUpdate`: the stock engine decided about an order.

use std::collections::HashMap;

use events::{OrderId, OrderStatusUpdate};
use outbox::{Envelope, Handle, HandleError, Outgoing};

use crate::domain::{Author, Settle, settle};
use crate::figures::Settling;
use crate::store::{OrdersStore, Settlement, Standing};

/// Handles `OrderStatusUpdate`.
///
/// - **Trigger:** the products service accepted or rejected an order.
/// - **Effect:** the order stands as decided, with the step in its history; whoever waits for it or
///   listens is told by the news that the same transaction writes.
/// - **Emits:** nothing.
/// - **Idempotent,** because no step leads away from a terminal status: a decision that comes again
///   is dropped, and so is one that contradicts the first.
///
/// An order that is not in the database is a dead letter. A decision is only ever made about an
/// order that was committed here before it was published, so its absence means that this database
/// is not the one that the topic belongs to, or was restored from an older state. Dropping the
/// decision would lose it for good; parked, it can be replayed once the orders are back.
pub struct OnOrderStatusUpdate<D> {
    database: D,
    figures: Settling,
}

impl<D: OrdersStore> OnOrderStatusUpdate<D> {
    /// A handler that keeps the orders in `database`.
    pub fn new(database: D) -> Self {
        Self {
            database,
            figures: Settling::new(),
        }
    }
}

impl<D: OrdersStore> Handle<OrderStatusUpdate, D> for OnOrderStatusUpdate<D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<OrderStatusUpdate>],
        out: &mut Outgoing<'_>,
    ) -> Result<(), HandleError> {
        let mut ids: Vec<OrderId> = events
            .iter()
            .map(|envelope| envelope.event.order_id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let found = self.database.standings(tx, &ids).await?;
        let mut standings: HashMap<OrderId, Standing> = found
            .into_iter()
            .map(|standing| (standing.id, standing))
            .collect();
        let mut steps = Vec::new();
        for envelope in events {
            let update = &envelope.event;
            let Some(standing) = standings.get_mut(&update.order_id) else {
                return Err(HandleError::DeadLetter(format!(
                    "order {} is not in this database; restore the orders, then replay this",
                    update.order_id
                )));
            };
            match settle(standing.status, update.status) {
                Settle::Step => {
                    steps.push(step(*standing, envelope, out));
                    standing.status = update.status;
                    standing.version += 1;
                }
                Settle::Duplicate => {
                    out.duplicates(1);
                    tracing::debug!(target: "order", order_id = %update.order_id, event_id = %envelope.id, "settled before");
                }
                Settle::TooLate => {
                    out.duplicates(1);
                    tracing::error!(
                        target: "order", order_id = %update.order_id, event_id = %envelope.id,
                        stands = standing.status.name(), decided = update.status.name(),
                        "a second decision contradicts the first; the first holds"
                    );
                }
                Settle::Impossible => {
                    return Err(HandleError::DeadLetter(format!(
                        "order {} can't go from {} to {}",
                        update.order_id,
                        standing.status.name(),
                        update.status.name()
                    )));
                }
            }
        }
        if !steps.is_empty() {
            self.database.settle(tx, &steps).await?;
            let (figures, now) = (self.figures.clone(), out.now());
            out.afterwards(move || {
                for step in steps {
                    figures.settled(step.from.id, step.to, now);
                }
            });
        }
        Ok(())
    }
}

fn step(from: Standing, envelope: &Envelope<OrderStatusUpdate>, out: &Outgoing<'_>) -> Settlement {
    let update = &envelope.event;
    tracing::info!(
        target: "order", order_id = %update.order_id, event_id = %envelope.id,
        request_id = envelope.context.correlation_id.as_deref().unwrap_or("-"),
        trace_id = envelope.context.trace_id(), span_id = envelope.context.span_id(),
        status = update.status.name(), "settled"
    );
    Settlement {
        from,
        to: update.status,
        reason: update.reason.clone(),
        by: Author::Products,
        decided_at: envelope.time,
        written_at: out.now(),
    }
}
