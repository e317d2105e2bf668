//! What each source says of each order, in a form that a million of them fit into memory
//! with: about 60 bytes an order.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use events::{OrderCreate, OrderId, OrderStatus, OrderStatusUpdate, Rejection};
use orders::store::audit::AuditedOrder;
use products::store::audit::AuditedReservation;
use uuid::Uuid;

/// What was found of an order. Bits, because there are many orders.
pub(super) mod mark {
    /// The orders database has it.
    pub(in crate::audit) const KEPT: u16 = 1;
    /// Its version or its history is not that of an order that took one step at most.
    pub(in crate::audit) const STEPS: u16 = 1 << 1;
    /// Its lines do not add up to its total.
    pub(in crate::audit) const SUM: u16 = 1 << 2;
    /// The products database has a decision about it.
    pub(in crate::audit) const DECIDED: u16 = 1 << 3;
    /// That is about other lines.
    pub(in crate::audit) const LINES: u16 = 1 << 4;
    /// That has another reason.
    pub(in crate::audit) const REASON: u16 = 1 << 5;
    /// Its `OrderCreate` is in the topic.
    pub(in crate::audit) const PLACED: u16 = 1 << 6;
    /// It is there with another content.
    pub(in crate::audit) const CONTENT: u16 = 1 << 7;
    /// It is there under several event ids.
    pub(in crate::audit) const PLACED_IDS: u16 = 1 << 8;
    /// Its `OrderStatusUpdate` is in the topic.
    pub(in crate::audit) const SAID: u16 = 1 << 9;
    /// It is there under an event id that is not the decision's, or under several.
    pub(in crate::audit) const SAID_IDS: u16 = 1 << 10;
    /// It says something else than the decision.
    pub(in crate::audit) const SAID_ELSE: u16 = 1 << 11;
    /// It says ACCEPTED.
    pub(in crate::audit) const SAID_ACCEPTED: u16 = 1 << 12;
    /// It says REJECTED.
    pub(in crate::audit) const SAID_REJECTED: u16 = 1 << 13;
}

/// What the sources say of one order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    lines: u64,
    content: u64,
    /// Of the event ids, the half that is drawn by chance.
    placed: u64,
    decided: u64,
    reason: u32,
    marks: u16,
    /// Where it stands in orders, and by the decision.
    pub(super) stands: Option<OrderStatus>,
    pub(super) decision: Option<OrderStatus>,
}

impl Entry {
    /// Whether all of `marks` are there.
    pub(super) fn has(&self, marks: u16) -> bool {
        self.marks & marks == marks
    }

    fn mark(&mut self, marks: u16, when: bool) {
        if when {
            self.marks |= marks;
        }
    }
}

/// Every order that any source knows. Sources come in this order: the orders database, the
/// products database, the topics; each is compared with those before it.
#[derive(Default)]
pub(super) struct Ledger {
    entries: HashMap<u128, Entry>,
}

impl Ledger {
    fn entry(&mut self, id: OrderId) -> &mut Entry {
        self.entries.entry(id.as_u128()).or_default()
    }

    /// An order as the orders database has it.
    pub(super) fn order(&mut self, order: &AuditedOrder) {
        let steps = if order.status == OrderStatus::Pending {
            1
        } else {
            2
        };
        let sum = order.lines.iter().try_fold(0_i64, |sum, line| {
            let price = line.unit_price.times(line.quantity).ok()?;
            (price.currency == order.total.currency && line.quantity > 0)
                .then_some(())
                .and_then(|()| sum.checked_add(price.minor))
        });
        let entry = self.entry(order.id);
        entry.stands = Some(order.status);
        entry.lines = lines_of(
            order
                .lines
                .iter()
                .map(|l| (l.product_id, l.quantity.into())),
        );
        entry.content = digest(&(
            order.customer,
            order.total,
            order.lines.iter().map(content_of).collect::<Vec<_>>(),
        ));
        entry.reason = reason_of(order.reason.as_ref());
        entry.mark(mark::KEPT, true);
        entry.mark(
            mark::STEPS,
            order.version != steps || order.steps as u64 != steps,
        );
        entry.mark(mark::SUM, sum != Some(order.total.minor));
    }

    /// A decision as the products database has it.
    pub(super) fn reservation(&mut self, kept: &AuditedReservation) {
        let lines = lines_of(kept.lines.iter().copied());
        let reason = reason_of(kept.reason.as_ref());
        let entry = self.entry(kept.order_id);
        let settled = entry
            .stands
            .is_some_and(|status| status != OrderStatus::Pending);
        entry.decision = Some(kept.status);
        entry.mark(mark::DECIDED, true);
        entry.mark(mark::LINES, entry.has(mark::KEPT) && entry.lines != lines);
        entry.mark(mark::REASON, settled && entry.reason != reason);
        entry.decided = half(kept.event_id);
        entry.reason = reason;
    }

    /// An order as the topic has it.
    pub(super) fn placed(&mut self, event_id: Uuid, event: &OrderCreate) {
        let content = digest(&(
            event.customer_id,
            event.total,
            event.lines.iter().map(content_of).collect::<Vec<_>>(),
        ));
        let entry = self.entry(event.order_id);
        let again = entry.has(mark::PLACED);
        entry.mark(mark::PLACED_IDS, again && entry.placed != half(event_id));
        entry.mark(
            mark::CONTENT,
            entry.has(mark::KEPT) && entry.content != content,
        );
        entry.mark(mark::PLACED, true);
        entry.placed = half(event_id);
    }

    /// A decision as the topic has it.
    pub(super) fn said(&mut self, event_id: Uuid, event: &OrderStatusUpdate) {
        let reason = reason_of(event.reason.as_ref());
        let entry = self.entry(event.order_id);
        let known = entry.has(mark::DECIDED);
        let before = known || entry.has(mark::SAID);
        entry.mark(mark::SAID_IDS, before && entry.decided != half(event_id));
        let same = entry.decision == Some(event.status) && entry.reason == reason;
        entry.mark(mark::SAID_ELSE, known && !same);
        entry.mark(mark::SAID_ACCEPTED, event.status == OrderStatus::Accepted);
        entry.mark(mark::SAID_REJECTED, event.status == OrderStatus::Rejected);
        entry.mark(mark::SAID, true);
        if !before {
            entry.decided = half(event_id);
        }
    }

    /// Every order with what is known of it, oldest first.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (OrderId, &Entry)> {
        let mut ids: Vec<u128> = self.entries.keys().copied().collect();
        ids.sort_unstable();
        ids.into_iter()
            .filter_map(|id| Some((OrderId::from_u128(id), self.entries.get(&id)?)))
    }
}

fn half(id: Uuid) -> u64 {
    id.as_u64_pair().1
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The same for the same products and quantities, in whatever order.
fn lines_of(lines: impl Iterator<Item = (events::ProductId, u64)>) -> u64 {
    lines.fold(0, |sum, line| sum.wrapping_add(digest(&line)))
}

fn content_of(line: &events::OrderLine) -> (events::ProductId, &str, u32, events::Money) {
    (line.product_id, &line.name, line.quantity, line.unit_price)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a half of a hash is one too"
)]
fn reason_of(reason: Option<&Rejection>) -> u32 {
    let parts = reason.map(|reason| match reason {
        Rejection::InsufficientStock {
            product_id,
            available,
        } => (*product_id, Some(*available)),
        Rejection::UnknownProduct { product_id } => (*product_id, None),
    });
    digest(&parts) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_orders_fit_into_a_small_machine() {
        assert!(size_of::<(u128, Entry)>() <= 64, "{}", size_of::<Entry>());
    }
}
