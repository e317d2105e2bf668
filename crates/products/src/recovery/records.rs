//! Records of the service's topics, and of the orders', as what they say.

use events::{OrderCreate, OrderStatus, OrderStatusUpdate};
use outbox::{Envelope, RecoveryError};

use crate::domain::{Decision, Demand, Outcome, added_up};
use crate::store::StockDecision;

/// The decision that `update` published, without lines.
pub(super) fn decision(
    update: &Envelope<OrderStatusUpdate>,
) -> Result<StockDecision, RecoveryError> {
    let event = &update.event;
    let outcome = match (event.status, &event.reason) {
        (OrderStatus::Accepted, None) => Outcome::Accepted,
        (OrderStatus::Rejected, Some(reason)) => Outcome::Rejected(reason.clone()),
        (status, reason) => {
            return Err(RecoveryError::Impossible(format!(
                "event {} says that order {} is {} with {reason:?}",
                update.id,
                event.order_id,
                status.name()
            )));
        }
    };
    Ok(StockDecision {
        decision: Decision {
            order_id: event.order_id,
            lines: Vec::new(),
            outcome,
        },
        event_id: update.id,
        decided_at: update.time,
        released_at: None,
    })
}

/// What `order` asks for, each product once.
pub(super) fn demands(order: &OrderCreate) -> Vec<Demand> {
    let demand = |line: &events::OrderLine| Demand {
        product_id: line.product_id,
        quantity: line.quantity.into(),
    };
    let lines: Vec<Demand> = order.lines.iter().map(demand).collect();
    added_up(&lines)
}
