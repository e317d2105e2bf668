//! Rules of the orders service.

use std::collections::BTreeMap;

use events::{AccountId, OrderId, OrderStatus};

use super::books::{Snapshot, Topics};
use crate::customers::{Asked, Memory};

/// Every acknowledged order exists as it was asked for, and no request became two; every acknowledged
/// cancellation is one.
pub(super) fn answered(snapshot: &Snapshot, memory: &Memory, off: &mut Vec<String>) {
    for (customer, (id, basket)) in &memory.answered {
        let Some(order) = snapshot.orders.orders.get(id) else {
            off.push(format!("order {id} was acknowledged and is not there"));
            continue;
        };
        let lines = order.lines.iter().map(|line| (&line.name, line.quantity));
        let asked = basket
            .items()
            .iter()
            .map(|item| (&item.name, item.quantity));
        if order.customer != *customer || !lines.eq(asked) {
            off.push(format!("order {id} is not what its customer asked for"));
        }
    }
    for (id, order) in &snapshot.orders.orders {
        let is = order.status == OrderStatus::Cancelled;
        match memory.cancelled.get(id) {
            Some(Asked::Acknowledged) if !is => {
                off.push(format!(
                    "order {id} was cancelled, and is {}",
                    order.status.name()
                ));
            }
            None if is => off.push(format!("nobody cancelled order {id}")),
            _ => {}
        }
    }
    let mut of: BTreeMap<AccountId, Vec<OrderId>> = BTreeMap::new();
    for order in snapshot.orders.orders.values() {
        of.entry(order.customer).or_default().push(order.id);
    }
    for (customer, ids) in of.iter().filter(|(_, ids)| ids.len() > 1) {
        off.push(format!("one request of {customer} became orders {ids:?}"));
    }
}

/// Every order rests where its reservation says, having come there by the table, unless
/// its messages wait behind one that can't be read.
pub(super) fn settled(snapshot: &Snapshot, topics: &Topics, off: &mut Vec<String>) {
    for (id, order) in &snapshot.orders.orders {
        let key = id.to_string();
        let blocked = |topic: &super::books::Topic| topic.expected.keys.contains(&key);
        let waits = blocked(&topics.orders) || blocked(&topics.statuses);
        if order.status == OrderStatus::Pending {
            if !waits {
                off.push(format!("order {id} is PENDING"));
            }
            continue;
        }
        let steps: Vec<OrderStatus> = order.history.iter().map(|step| step.status).collect();
        let by_the_table = steps
            .windows(2)
            .all(|step| step[0].may_become(step[1], order.asks));
        let counted = order.version == steps.len() as u64;
        if !by_the_table || !order.status.rests(order.asks) || !counted {
            off.push(format!(
                "order {id} was settled by the steps {steps:?}, version {}",
                order.version
            ));
        }
        match snapshot.products.stock_decisions.get(id) {
            None if blocked(&topics.orders) => {}
            None => off.push(format!("order {id} is settled, but nobody decided it")),
            // Whatever was decided meanwhile, it has no products.
            Some(_) if order.status == OrderStatus::Cancelled => {}
            Some(kept) if kept.decision.outcome.status() != order.status => off.push(format!(
                "order {id} is {} here and {} in products",
                order.status.name(),
                kept.decision.outcome.status().name()
            )),
            Some(_) => {}
        }
    }
    for id in snapshot.products.stock_decisions.keys() {
        if !snapshot.orders.orders.contains_key(id) {
            off.push(format!("order {id} was decided, but is not in orders"));
        }
    }
}
