//! What each source says of each order, in a form that a million of them fit into memory
//! with: about 60 bytes an order.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use events::{
    AccountId, Asks, Money, OrderCreate, OrderId, OrderLine, OrderStatus, OrderStatusUpdate,
    OrderUpdate, ProductId, Reason, Rejection, SellerId,
};
use orders::domain::update_id;
use orders::store::audit::AuditedOrder;
use outbox::Envelope;
use products::store::audit::AuditedDecision;
use uuid::Uuid;

/// What was found of an order. Bits, because there are many orders.
pub(super) mod mark {
    /// The orders database has it.
    pub(in crate::audit) const KEPT: u32 = 1;
    /// Its version, its history and its status are not one way by the table of steps.
    pub(in crate::audit) const STEPS: u32 = 1 << 1;
    /// Its lines do not add up to its total.
    pub(in crate::audit) const SUM: u32 = 1 << 2;
    /// The products database has a decision about it.
    pub(in crate::audit) const DECIDED: u32 = 1 << 3;
    /// That is about other lines.
    pub(in crate::audit) const LINES: u32 = 1 << 4;
    /// That has another reason.
    pub(in crate::audit) const REASON: u32 = 1 << 5;
    /// Its `OrderCreate` is in the topic.
    pub(in crate::audit) const PLACED: u32 = 1 << 6;
    /// It is there with another content.
    pub(in crate::audit) const CONTENT: u32 = 1 << 7;
    /// It is there under several event ids.
    pub(in crate::audit) const PLACED_IDS: u32 = 1 << 8;
    /// Its `OrderStatusUpdate` is in the topic.
    pub(in crate::audit) const SAID: u32 = 1 << 9;
    /// It is there under an event id that is not the decision's, or under several.
    pub(in crate::audit) const SAID_IDS: u32 = 1 << 10;
    /// It says something else than the decision.
    pub(in crate::audit) const SAID_ELSE: u32 = 1 << 11;
    /// It says ACCEPTED.
    pub(in crate::audit) const SAID_ACCEPTED: u32 = 1 << 12;
    /// It says REJECTED.
    pub(in crate::audit) const SAID_REJECTED: u32 = 1 << 13;
    /// An `OrderUpdate` is in the topic under an event id that is not its own.
    pub(in crate::audit) const UPDATE_IDS: u32 = 1 << 14;
    /// One says something else than the orders database.
    pub(in crate::audit) const UPDATE_ELSE: u32 = 1 << 15;
    /// One tells a decision, and follows from another event than that.
    pub(in crate::audit) const UPDATE_CAUSE: u32 = 1 << 16;
    /// What the decision gave it was given back.
    pub(in crate::audit) const RELEASED: u32 = 1 << 17;
    /// Orders rejected it instead of placing it: nobody else has heard of it before.
    pub(in crate::audit) const NOT_PLACED: u32 = 1 << 18;
}

/// What the sources say of one order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    lines: u64,
    content: u64,
    /// Of the event ids, the half that is drawn by chance.
    placed: u64,
    decided: u64,
    /// Of the reasons that orders and the decision have, a part of the hash.
    reason: u16,
    decided_reason: u16,
    marks: u32,
    /// The versions that its `OrderUpdate`s have, a bit each from 1 on.
    told: u16,
    version: u16,
    pub(super) asks: Asks,
    /// Where it stands in orders, and by the decision.
    pub(super) stands: Option<OrderStatus>,
    pub(super) decision: Option<OrderStatus>,
}

impl Entry {
    /// Whether all of `marks` are there.
    pub(super) fn has(&self, marks: u32) -> bool {
        self.marks & marks == marks
    }

    /// Whether each step that it took is told.
    pub(super) fn is_told(&self) -> bool {
        let to_the_newest = 1_u16.checked_shl(u32::from(self.version));
        // The first version of one that was placed is its `OrderCreate`.
        let first = u16::from(!self.has(mark::NOT_PLACED));
        self.told | first == to_the_newest.map_or(u16::MAX, |bit| bit - 1) && self.told & first == 0
    }

    /// Whether it was told of.
    pub(super) fn has_updates(&self) -> bool {
        self.told != 0
    }

    fn mark(&mut self, marks: u32, when: bool) {
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
        let steps = order.way.windows(2);
        let not_placed = order.way == [OrderStatus::Rejected];
        let by_the_table = (not_placed || order.way.first() == Some(&OrderStatus::Pending))
            && order.way.last() == Some(&order.status)
            && steps
                .into_iter()
                .all(|step| step[0].may_become(step[1], order.asks));
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
        entry.asks = order.asks;
        entry.version = u16::try_from(order.version).unwrap_or(u16::MAX);
        entry.content = content(order.customer, order.total, order.asks, &order.lines);
        entry.reason = reason_of(order.reason.as_ref());
        entry.mark(mark::KEPT, true);
        entry.mark(mark::NOT_PLACED, not_placed);
        entry.mark(
            mark::STEPS,
            !by_the_table || order.version != order.way.len() as u64,
        );
        entry.mark(mark::SUM, sum != Some(order.total.minor));
    }

    /// A decision as the products database has it.
    pub(super) fn stock_decision(&mut self, kept: &AuditedDecision) {
        let lines = lines_of(kept.lines.iter().copied());
        let reason = reason_of_rejection(kept.reason.as_ref());
        let entry = self.entry(kept.order_id);
        let as_decided = entry.stands == Some(kept.status);
        entry.decision = Some(kept.status);
        entry.mark(mark::DECIDED, true);
        entry.mark(mark::RELEASED, kept.released_at.is_some());
        entry.mark(mark::LINES, entry.has(mark::KEPT) && entry.lines != lines);
        entry.mark(mark::REASON, as_decided && entry.reason != reason);
        entry.decided = half(kept.event_id);
        entry.decided_reason = reason;
    }

    /// An order as the topic has it.
    pub(super) fn placed(&mut self, event_id: Uuid, event: &OrderCreate) {
        let content = content(event.customer_id, event.total, event.asks, &event.lines);
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

    /// A step of an order as the topic has it.
    pub(super) fn told(&mut self, envelope: &Envelope<OrderUpdate>) {
        let event = &envelope.event;
        let content = content(event.customer_id, event.total, event.asks, &event.lines);
        let reason = reason_of(event.reason.as_ref());
        // What `quadrille migrate` publishes of older builds' orders names no cause: they did not keep it.
        let cause = envelope.context.causation_id.as_deref();
        let cause = cause.map(|id| id.parse().ok().map(half));
        let entry = self.entry(event.order_id);
        let bit = event
            .version
            .checked_sub(1)
            .and_then(|at| 1_u16.checked_shl(u32::try_from(at).ok()?));
        entry.told |= bit.unwrap_or_default();
        let newest = event.version == u64::from(entry.version);
        let same = content == entry.content
            && event.version <= u64::from(entry.version)
            && (!newest || entry.stands == Some(event.status) && reason == entry.reason);
        let decision = entry.has(mark::DECIDED) && entry.decision == Some(event.status);
        entry.mark(
            mark::UPDATE_ELSE,
            bit.is_none() || entry.has(mark::KEPT) && !same,
        );
        entry.mark(
            mark::UPDATE_IDS,
            envelope.id != update_id(event.order_id, event.version),
        );
        let follows = cause.is_none_or(|cause| cause == Some(entry.decided));
        entry.mark(mark::UPDATE_CAUSE, decision && !follows);
    }

    /// A decision as the topic has it.
    pub(super) fn said(&mut self, event_id: Uuid, event: &OrderStatusUpdate) {
        let reason = reason_of_rejection(event.reason.as_ref());
        let entry = self.entry(event.order_id);
        let known = entry.has(mark::DECIDED);
        let before = known || entry.has(mark::SAID);
        entry.mark(mark::SAID_IDS, before && entry.decided != half(event_id));
        let same = entry.decision == Some(event.status) && entry.decided_reason == reason;
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
fn lines_of(lines: impl Iterator<Item = (ProductId, u64)>) -> u64 {
    lines.fold(0, |sum, line| sum.wrapping_add(digest(&line)))
}

fn content(customer: AccountId, total: Money, asks: Asks, lines: &[OrderLine]) -> u64 {
    let lines: Vec<_> = lines.iter().map(content_of).collect();
    digest(&(customer, total, asks, lines))
}

fn content_of(line: &OrderLine) -> (ProductId, &str, u32, Money, Option<SellerId>) {
    (
        line.product_id,
        &line.name,
        line.quantity,
        line.unit_price,
        line.seller,
    )
}

fn reason_of_rejection(reason: Option<&Rejection>) -> u16 {
    reason_of(reason.cloned().map(Reason::Rejection).as_ref())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a part of a hash is one too"
)]
fn reason_of(reason: Option<&Reason>) -> u16 {
    let parts = reason.map(|reason| {
        let available = match reason {
            Reason::Rejection(Rejection::InsufficientStock { available, .. }) => Some(*available),
            _ => None,
        };
        (reason.code(), reason.product_id(), available)
    });
    digest(&parts) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_orders_fit_into_a_small_machine() {
        assert!(size_of::<(u128, Entry)>() <= 64, "{}", size_of::<Entry>());
    }
}
