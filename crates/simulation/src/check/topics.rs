//! Rules of what was published.

use std::collections::{BTreeMap, BTreeSet};

use ::orders::domain::update_id;
use events::{OrderId, ProductId};
use uuid::Uuid;

use super::books::{Snapshot, Topics};
use crate::expected::Published;

/// Each order has one decision, published under one id, and it is the one that is kept.
pub(super) fn decisions(snapshot: &Snapshot, topics: &Topics, off: &mut Vec<String>) {
    let mut published: BTreeMap<OrderId, BTreeSet<Uuid>> = BTreeMap::new();
    for (record, topics) in &topics.statuses.records {
        let Some(Published::Status(id, update)) = topics else {
            off.push(format!("{} at {} is no decision", record.at, record.offset));
            continue;
        };
        published.entry(update.order_id).or_default().insert(*id);
        match snapshot.products.stock_decisions.get(&update.order_id) {
            None => off.push(format!(
                "a decision about order {} was published and is not kept",
                update.order_id
            )),
            Some(kept) => {
                let outcome = &kept.decision.outcome;
                if (outcome.status(), outcome.reason()) != (update.status, update.reason.as_ref()) {
                    off.push(format!(
                        "order {} was published as {} and is kept as {}",
                        update.order_id,
                        update.status.name(),
                        outcome.status().name()
                    ));
                }
            }
        }
    }
    for (order, kept) in &snapshot.products.stock_decisions {
        let ids = published.get(order).cloned().unwrap_or_default();
        if !ids.iter().eq(std::iter::once(&kept.event_id)) {
            off.push(format!(
                "the decision {} about order {order} was published as {ids:?}",
                kept.event_id
            ));
        }
    }
}

/// Each order was announced, under one id, and no other was.
pub(super) fn order_creates(snapshot: &Snapshot, topics: &Topics, off: &mut Vec<String>) {
    let mut published: BTreeMap<OrderId, BTreeSet<Uuid>> = BTreeMap::new();
    for (_, topics) in &topics.orders.records {
        let Some(Published::Order(id, order)) = topics else {
            continue;
        };
        published.entry(order.order_id).or_default().insert(*id);
        let kept = snapshot.orders.orders.get(&order.order_id);
        if kept.is_none_or(|kept| kept.to_event() != *order) {
            off.push(format!(
                "order {} was announced otherwise than it is",
                order.order_id
            ));
        }
    }
    for id in snapshot.orders.orders.keys() {
        let times = published.get(id).map_or(0, BTreeSet::len);
        if times != 1 {
            off.push(format!("order {id} was announced under {times} ids"));
        }
    }
}

/// Each step of an order was told once in effect: after it was announced, under its own id, in the order
/// of the versions, and the newest is what the order is.
pub(super) fn steps_of_orders(snapshot: &Snapshot, topics: &Topics, off: &mut Vec<String>) {
    let mut told: BTreeMap<OrderId, BTreeSet<u64>> = BTreeMap::new();
    for (_, topics) in &topics.orders.records {
        let (event_id, update) = match topics {
            Some(Published::Step(event_id, update)) => (event_id, update),
            Some(Published::Order(_, order)) => {
                told.entry(order.order_id).or_default().insert(1);
                continue;
            }
            _ => continue,
        };
        let (id, version) = (update.order_id, update.version);
        if *event_id != update_id(id, version) {
            off.push(format!(
                "version {version} of order {id} was told as {event_id}"
            ));
        }
        let before = told.entry(id).or_default();
        let latest = before.last().copied().unwrap_or_default();
        if before.insert(version) && version != latest + 1 {
            off.push(format!("version {version} of order {id} follows {latest}"));
        }
        let kept = snapshot.orders.orders.get(&id);
        let newest = kept.filter(|kept| kept.version == version);
        if kept.is_none() || newest.is_some_and(|kept| kept.to_update() != *update) {
            off.push(format!("order {id} was told otherwise than it is"));
        }
    }
    for (id, order) in &snapshot.orders.orders {
        let told = told.remove(id).unwrap_or_default();
        if !told.iter().copied().eq(1..=order.version) {
            off.push(format!(
                "order {id} has version {}, its steps were told as {told:?}",
                order.version
            ));
        }
    }
}

/// The states of a product appear in the order of their versions, and none is left out.
/// They may come again later; a reader's version guard drops them. The order is checked only
/// where it `is_kept`.
pub(super) fn versions(snapshot: &Snapshot, topics: &Topics, is_kept: bool, off: &mut Vec<String>) {
    let mut seen: BTreeMap<ProductId, BTreeSet<u64>> = BTreeMap::new();
    for (_, topics) in &topics.products.records {
        let Some(Published::Product(_, state)) = topics else {
            continue;
        };
        let (key, version) = (state.product_id, state.version);
        let before = seen.entry(key).or_default();
        let latest = before.last().copied().unwrap_or_default();
        if before.insert(version) && version != latest + 1 && is_kept {
            off.push(format!(
                "version {version} of product {key} follows {latest}"
            ));
        }
    }
    for (id, product) in &snapshot.products.products {
        let latest = seen.get(id).and_then(BTreeSet::last).copied();
        if latest != Some(product.state.version) {
            off.push(format!(
                "{} has version {}, published was {latest:?}",
                product.state.name, product.state.version
            ));
        }
    }
}

/// Where nothing goes wrong, one relay publishes each event once.
pub(super) fn nothing_twice(topics: &Topics, off: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for topic in [&topics.orders, &topics.statuses, &topics.products] {
        for id in topic
            .records
            .iter()
            .filter_map(|(_, topics)| topics.as_ref().map(Published::id))
        {
            if !seen.insert(id) {
                off.push(format!("without any fault event {id} was published twice"));
            }
        }
    }
}
