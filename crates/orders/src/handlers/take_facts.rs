//! What every handler does that hears of an order's progress.

use std::collections::HashMap;

use events::{OrderId, OrderStatus, Reason};
use jiff::Timestamp;
use outbox::{Envelope, EventCollector, HandleError};

use crate::domain::{Author, Order, Progress, Step, details_id, progress, update_id};
use crate::store::{OrderState, OrderTransition, OrdersStore};

/// What an event says of an order.
pub struct Fact<'a, E> {
    /// The order.
    pub order: OrderId,
    /// Where it stands by that.
    pub status: OrderStatus,
    /// Why, for a rejection and a cancellation.
    pub reason: Option<Reason>,
    /// Who decided it.
    pub by: Author,
    /// The event.
    pub published: &'a Envelope<E>,
}

/// Moves the orders on as `facts` say, and says so by an `OrderUpdate` for each step; where an order comes
/// to rest, what its `OrderDetails` say of a person is overwritten. Comes back with the steps.
///
/// What an order has behind it, and what contradicts it, is dropped and counted. A fact that comes
/// early takes the steps that it implies with it.
///
/// # Errors
/// [`HandleError::DeadLetter`] for an order that is not in the database. A fact is only ever about
/// an order that was committed here before it was published, so its absence means that this
/// database is not the one that the topic belongs to, or was restored from an older state.
/// Dropping the fact would lose it for good; as a dead letter it can be replayed once the orders
/// are back.
pub async fn take_facts<D: OrdersStore, E>(
    database: &D,
    tx: &mut D::Tx,
    facts: &[Fact<'_, E>],
    out: &mut EventCollector<'_>,
) -> Result<Vec<OrderTransition>, HandleError> {
    let mut ids: Vec<OrderId> = facts.iter().map(|fact| fact.order).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = database.orders(tx, &ids).await?;
    let mut orders: HashMap<OrderId, Order> =
        found.into_iter().map(|order| (order.id, order)).collect();
    let latest = orders.values().map(|order| order.changed_at).max();
    let now = out.after(latest);
    let mut taken = Vec::with_capacity(facts.len());
    for fact in facts {
        let Some(order) = orders.get_mut(&fact.order) else {
            return Err(HandleError::DeadLetter(format!(
                "order {} is not in this database; restore the orders, then replay this",
                fact.order
            )));
        };
        match progress(order.status, order.asks, fact.status) {
            Progress::Steps(steps) => {
                for status in steps {
                    taken.push(take(order, status, fact, now, out)?);
                }
            }
            Progress::AlreadySo => {
                out.duplicates(1);
                tracing::debug!(target: "order", order_id = %fact.order, event_id = %fact.published.id, "known before");
            }
            Progress::Contradicts => {
                out.duplicates(1);
                tracing::error!(
                    target: "order", order_id = %fact.order, event_id = %fact.published.id,
                    stands = order.status.name(), published = fact.status.name(),
                    "what is said of the order contradicts what it is; it stays as it is"
                );
            }
        }
    }
    if !taken.is_empty() {
        database.settle(tx, &taken).await?;
    }
    Ok(taken)
}

fn take<E>(
    order: &mut Order,
    status: OrderStatus,
    fact: &Fact<'_, E>,
    now: Timestamp,
    out: &mut EventCollector<'_>,
) -> Result<OrderTransition, HandleError> {
    let published = fact.published;
    tracing::info!(
        target: "order", order_id = %order.id, event_id = %published.id,
        request_id = published.context.correlation_id.as_deref().unwrap_or("-"),
        trace_id = published.context.trace_id(), span_id = published.context.span_id(),
        status = status.name(), "settled"
    );
    let from = OrderState::from(&*order);
    let step = Step {
        status,
        at: published.time,
        by: fact.by,
        reason: fact.reason.clone().filter(|_| status == fact.status),
        note: None,
    };
    order.take(step.clone(), now);
    out.push_at(
        update_id(order.id, order.version),
        published.time,
        &order.to_update(),
        published.consequence(),
    )?;
    if let Some(closed) = order.to_closed_details() {
        let id = details_id(order.id, closed.version);
        out.push_at(id, published.time, &closed, published.consequence())?;
    }
    Ok(OrderTransition {
        from,
        step,
        written_at: now,
    })
}
