//! The rules about orders.

use events::OrderStatus;
use orders::domain::{Progress, progress};

use super::findings::{Check, Findings};
use super::ledger::{Entry, Ledger, mark};

/// Whether the databases alone were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Databases and topics.
    Whole,
    /// Databases.
    Databases,
}

/// Holds each order against the rules; `damaged` are documents that can't be read.
pub(super) fn judge(ledger: &Ledger, scope: Scope, damaged: &[String], findings: &mut Findings) {
    let mut readable = Check::new(
        "documents-readable",
        "documents",
        "every document is what its table holds",
    );
    readable.looked_at = findings.orders + findings.reservations + findings.products;
    for document in damaged {
        readable.off(|| document.clone());
    }
    let mut settled = Check::new(
        "orders-settled",
        "orders",
        "each rests, and came there by the steps of the table",
    );
    let mut sums = Check::new("orders-add-up", "orders", "the lines are the total");
    let mut decided = Check::new(
        "decisions-match",
        "orders",
        "products decided each order as orders has it, and no other one",
    );
    let mut released = Check::new(
        "stock-released",
        "decisions",
        "what a cancelled order was given is given back, and nothing of another one",
    );
    let mut placed = Check::new(
        "orders-published",
        "orders",
        "each is in the topic as it was placed, and no other one",
    );
    let mut told = Check::new(
        "updates-published",
        "orders",
        "each step is in the topic under its one event id, as the order is",
    );
    let mut said = Check::new(
        "decisions-published",
        "decisions",
        "each is in the topic under its one event id, and no other one",
    );
    for (id, entry) in ledger.in_order() {
        let kept = entry.has(mark::KEPT);
        if kept {
            settled.looked_at += 1;
            sums.looked_at += 1;
            settled.note(status_finding(entry).map(|finding| format!("order {id} {finding}")));
            if entry.has(mark::SUM) {
                sums.off(|| format!("order {id}: its lines do not add up to its total"));
            }
        }
        decided.looked_at += 1;
        decided.note(decision(entry).map(|finding| format!("order {id} {finding}")));
        if entry.has(mark::DECIDED) {
            released.looked_at += 1;
            released.note(release(entry).map(|finding| format!("order {id} {finding}")));
        }
        placed.looked_at += 1;
        placed.note(publication(entry).map(|finding| format!("order {id} {finding}")));
        if kept || entry.has_updates() {
            told.looked_at += 1;
            told.note(updates(entry).map(|finding| format!("order {id} {finding}")));
        }
        if entry.has(mark::DECIDED) || entry.has(mark::SAID) {
            said.looked_at += 1;
            said.note(announcement(entry).map(|finding| format!("order {id} {finding}")));
        }
    }
    for check in [readable, settled, sums, decided, released] {
        findings.add(check);
    }
    for check in [placed, told, said] {
        findings.add(match scope {
            Scope::Whole => check,
            Scope::Databases => Check::new(check.name, check.of, check.rule).skipped(),
        });
    }
}

fn name(status: Option<OrderStatus>) -> &'static str {
    status.map_or("unknown", OrderStatus::name)
}

fn status_finding(entry: &Entry) -> Option<String> {
    let stands = name(entry.stands);
    if entry.stands.is_some_and(|status| !status.rests(entry.asks)) {
        return Some(format!("is {stands}"));
    }
    entry
        .has(mark::STEPS)
        .then(|| format!("is {stands}, but not by the steps of the table"))
}

fn decision(entry: &Entry) -> Option<String> {
    let (stands, decided) = (entry.stands, entry.decision);
    if !entry.has(mark::KEPT) {
        return entry
            .has(mark::DECIDED)
            .then(|| format!("was {} by products, but is not in orders", name(decided)));
    }
    if stands == Some(OrderStatus::Pending) {
        // Named already, and its decision may be under way.
        return entry
            .has(mark::LINES)
            .then(|| "was decided with other lines than it has".to_owned());
    }
    match (entry.has(mark::NOT_PLACED), entry.has(mark::DECIDED)) {
        (true, false) => return None,
        (true, true) => return Some("was not placed, but decided".to_owned()),
        (false, false) => return Some(format!("is {}, but nobody decided it", name(stands))),
        (false, true) => {}
    }
    let behind = |(stands, decided)| progress(stands, entry.asks, decided) == Progress::AlreadySo;
    if !stands.zip(decided).is_some_and(behind) {
        let (stands, decided) = (name(stands), name(decided));
        return Some(format!("is {stands} in orders and {decided} in products"));
    }
    if entry.has(mark::LINES) {
        return Some("was decided with other lines than it has".to_owned());
    }
    entry
        .has(mark::REASON)
        .then(|| "was rejected for another reason than orders has".to_owned())
}

fn release(entry: &Entry) -> Option<String> {
    let cancelled = entry.stands == Some(OrderStatus::Cancelled);
    let given = entry.decision == Some(OrderStatus::Accepted);
    match (cancelled, given, entry.has(mark::RELEASED)) {
        (true, true, false) => Some("is cancelled, and still has its stock".to_owned()),
        (false, _, true) => Some(format!(
            "is {}, and its stock was given back",
            name(entry.stands)
        )),
        (_, false, true) => Some("was given nothing, and gave stock back".to_owned()),
        _ => None,
    }
}

fn publication(entry: &Entry) -> Option<String> {
    if entry.has(mark::NOT_PLACED) {
        let placed = entry.has(mark::PLACED);
        return placed
            .then(|| "was not placed, but is in the topic of orders as placed".to_owned());
    }
    let finding = match (entry.has(mark::KEPT), entry.has(mark::PLACED)) {
        (true, false) => "is not in the topic of orders",
        (false, true) => "is in the topic of orders, but not in the orders database",
        (true, true) if entry.has(mark::CONTENT) => {
            "is another one in the topic than in the orders database"
        }
        (_, true) if entry.has(mark::PLACED_IDS) => {
            "is in the topic of orders under several event ids"
        }
        _ => return None,
    };
    Some(finding.to_owned())
}

fn updates(entry: &Entry) -> Option<String> {
    let finding = match (entry.has(mark::KEPT), entry.is_told()) {
        (false, _) => "has steps in the topic, but is not in the orders database",
        (true, false) => "has taken steps that are not in the topic, or the topic has others",
        _ if entry.has(mark::UPDATE_ELSE) => {
            "is another one by its steps in the topic than in the orders database"
        }
        _ if entry.has(mark::UPDATE_IDS) => {
            "has steps in the topic under another event id than their own"
        }
        _ if entry.has(mark::UPDATE_CAUSE) => {
            "has a step in the topic that does not follow from its decision"
        }
        _ => return None,
    };
    Some(finding.to_owned())
}

fn announcement(entry: &Entry) -> Option<String> {
    if entry.has(mark::SAID_ACCEPTED | mark::SAID_REJECTED) {
        return Some("is both ACCEPTED and REJECTED in the topic of decisions".to_owned());
    }
    let finding = match (entry.has(mark::DECIDED), entry.has(mark::SAID)) {
        (true, false) => "is decided, but the decision is not in the topic",
        (false, true) => "has a decision in the topic that is not in the products database",
        (true, true) if entry.has(mark::SAID_ELSE) => {
            "is decided otherwise in the topic than in the products database"
        }
        (_, true) if entry.has(mark::SAID_IDS) => {
            "has decisions in the topic under another event id than its own"
        }
        _ => return None,
    };
    Some(finding.to_owned())
}

#[cfg(test)]
mod tests {
    use events::money::DEFAULT_CURRENCY;
    use events::{
        AccountId, Asks, CheckoutRejection, Money, OrderCreate, OrderId, OrderLine, OrderUpdate,
        ProductId, Reason,
    };
    use jiff::Timestamp;
    use orders::domain::update_id;
    use orders::store::audit::AuditedOrder;
    use outbox::{Envelope, MessageContext};
    use products::store::audit::AuditedDecision;
    use uuid::Uuid;

    use super::*;

    const ORDER: OrderId = OrderId::from_u128(7);

    /// An order that was rejected as its cart was checked out.
    fn kept() -> AuditedOrder {
        let price = Money::new(300, DEFAULT_CURRENCY);
        AuditedOrder {
            id: ORDER,
            customer: AccountId::from_u128(8),
            status: OrderStatus::Rejected,
            reason: Some(Reason::Checkout(CheckoutRejection::PriceChanged {
                product_id: ProductId::from_u128(1),
                price: Money::new(310, DEFAULT_CURRENCY),
            })),
            lines: vec![OrderLine {
                product_id: ProductId::from_u128(1),
                name: "chair".to_owned(),
                quantity: 1,
                unit_price: price,
                seller: None,
            }],
            total: price,
            version: 1,
            asks: Asks::NOTHING,
            way: vec![OrderStatus::Rejected],
        }
    }

    fn told(order: &AuditedOrder) -> Envelope<OrderUpdate> {
        Envelope {
            id: update_id(order.id, 1),
            time: Timestamp::UNIX_EPOCH,
            context: MessageContext::default(),
            event: OrderUpdate {
                order_id: order.id,
                customer_id: order.customer,
                lines: order.lines.clone(),
                total: order.total,
                asks: order.asks,
                status: order.status,
                reason: order.reason.clone(),
                by: "orders".to_owned(),
                version: 1,
            },
        }
    }

    fn off(ledger: &Ledger) -> Vec<&'static str> {
        let mut findings = Findings::default();
        judge(ledger, Scope::Whole, &[], &mut findings);
        let off = |check: &&Check| check.passed == Some(false);
        findings
            .checks
            .iter()
            .filter(off)
            .map(|it| it.name)
            .collect()
    }

    #[test]
    fn what_orders_itself_rejects_is_told_by_an_update_and_by_nothing_else() {
        let order = kept();
        let mut ledger = Ledger::default();
        ledger.order(&order);
        assert_eq!(off(&ledger), ["updates-published"]);
        ledger.told(&told(&order));
        assert_eq!(off(&ledger), Vec::<&str>::new());

        let mut elsewise = told(&order);
        elsewise.event.reason = None;
        ledger.told(&elsewise);
        assert_eq!(off(&ledger), ["updates-published"]);

        let mut ledger = Ledger::default();
        ledger.order(&order);
        ledger.stock_decision(&AuditedDecision {
            order_id: ORDER,
            status: OrderStatus::Accepted,
            reason: None,
            lines: vec![(ProductId::from_u128(1), 1)],
            event_id: Uuid::nil(),
            decided_at: Timestamp::UNIX_EPOCH,
            released_at: None,
        });
        ledger.told(&told(&order));
        let create = OrderCreate {
            order_id: ORDER,
            customer_id: order.customer,
            lines: order.lines,
            total: order.total,
            asks: order.asks,
            version: 1,
        };
        ledger.placed(Uuid::nil(), &create);
        let off = off(&ledger);
        for rule in ["decisions-match", "orders-published"] {
            assert!(off.contains(&rule), "{off:?}");
        }
    }
}
