//! Payments: what their ledger, their topic and the provider's books say of them.

use std::collections::BTreeMap;

use events::{AccountId, LedgerAccount, OrderId, OrderStatus, PaymentUpdate};
use futures::TryStreamExt;
use outbox::Query;
use outbox::mongo::MongoDatabase;
use payment_simulator::store::{EntryKind, EntryRow};
use payments::domain::{Payment, Position};
use payments::store::{BalanceRow, LedgerRow, PaymentRow};

use super::findings::{Check, Findings};
use super::ledger::Ledger;
use super::rules::Scope;

/// What was moved to each account.
type Moved = BTreeMap<LedgerAccount, i64>;

/// What is known of payments.
#[derive(Default)]
pub(super) struct Payments {
    kept: BTreeMap<OrderId, Payment>,
    balances: BTreeMap<AccountId, i64>,
    entries: u64,
    /// Entries that do not sum to zero.
    crooked: Vec<String>,
    by_order: BTreeMap<OrderId, Moved>,
    by_customer: BTreeMap<AccountId, i64>,
    /// What the provider holds for each order; `None` when its books can't be read here.
    provider: Option<BTreeMap<OrderId, i64>>,
    /// The newest version that was told.
    told: BTreeMap<OrderId, u64>,
}

impl Payments {
    /// Takes note of what is in `payments`, and in the database of the `simulator` if that is the provider.
    pub(super) async fn read(
        &mut self,
        payments: &MongoDatabase,
        simulator: Option<&MongoDatabase>,
    ) -> anyhow::Result<()> {
        let mut rows = payments.stream::<PaymentRow>(Query::all()).await?;
        while let Some(row) = rows.try_next().await? {
            self.kept
                .extend(row.payment.map(|payment| (row.id, payment)));
        }
        let mut balances = payments.stream::<BalanceRow>(Query::all()).await?;
        while let Some(balance) = balances.try_next().await? {
            self.balances.insert(balance.id, balance.minor);
        }
        let mut entries = payments.stream::<LedgerRow>(Query::all()).await?;
        while let Some(entry) = entries.try_next().await? {
            self.entry(&entry);
        }
        let Some(simulator) = simulator else {
            return Ok(());
        };
        let mut held: BTreeMap<OrderId, i64> = BTreeMap::new();
        let mut entries = simulator.stream::<EntryRow>(Query::all()).await?;
        while let Some(entry) = entries.try_next().await? {
            let order = entry.reference.split('/').next().unwrap_or_default();
            // Others may charge there, too.
            let Ok(order) = order.parse() else { continue };
            *held.entry(order).or_default() += match entry.kind {
                EntryKind::Charge => entry.amount,
                EntryKind::Refund => -entry.amount,
            };
        }
        // Another provider has its books elsewhere.
        self.provider = (!held.is_empty()).then_some(held);
        Ok(())
    }

    fn entry(&mut self, entry: &LedgerRow) {
        self.entries += 1;
        let sum: i64 = entry.postings.iter().map(|it| it.minor).sum();
        if sum != 0 {
            let text = format!("the ledger's entry {} sums to {sum}, not to zero", entry.id);
            self.crooked.push(text);
        }
        for posting in &entry.postings {
            if let Some(order) = entry.order {
                let moved = self.by_order.entry(order).or_default();
                *moved.entry(posting.account).or_default() += posting.minor;
            }
            if posting.account == LedgerAccount::Balances {
                *self.by_customer.entry(entry.customer).or_default() += posting.minor;
            }
        }
    }

    /// Takes note of an event.
    pub(super) fn tell(&mut self, update: &PaymentUpdate) {
        let newest = self.told.entry(update.order_id).or_default();
        *newest = update.version.max(*newest);
    }

    /// Holds all of it against each other.
    pub(super) fn judge(self, scope: Scope, orders: &Ledger, findings: &mut Findings) {
        findings.add(self.of_orders(orders));
        findings.add(self.ledger());
        findings.add(self.of_balances());
        if let Some(held) = &self.provider {
            findings.add(self.at_the_provider(held));
        }
        let published = self.published();
        findings.add(match scope {
            Scope::Whole => published,
            Scope::Databases => published.skipped(),
        });
    }

    /// Whether what was paid for an order is what it is by its status.
    fn of_orders(&self, orders: &Ledger) -> Check {
        let mut check = Check::new(
            "orders-paid",
            "orders",
            "a paid one is captured as a whole, and of a cancelled one nothing is kept",
        );
        for (order, entry) in orders.in_order().filter(|(_, entry)| entry.asks.payment) {
            check.looked_at += 1;
            let status = entry.stands.map_or("unknown", OrderStatus::name);
            check.note(
                self.of_order(order, entry.stands)
                    .map(|finding| format!("order {order} is {status}, and {finding}")),
            );
        }
        check
    }

    fn of_order(&self, order: OrderId, status: Option<OrderStatus>) -> Option<String> {
        let payment = self.kept.get(&order);
        let captured = payment.map_or(0, Payment::captured);
        match status? {
            OrderStatus::Paid
            | OrderStatus::InDelivery
            | OrderStatus::Delivered
            | OrderStatus::Cancelling => {
                let amount = payment.map(|it| it.amount.minor);
                (Some(captured) != amount).then(|| format!("{captured} of {amount:?} is captured"))
            }
            OrderStatus::Cancelled => {
                let kept = captured - payment.map_or(0, Payment::refunded);
                (kept != 0).then(|| format!("{kept} of it is kept"))
            }
            OrderStatus::Pending | OrderStatus::Accepted | OrderStatus::Rejected => {
                (captured != 0).then(|| format!("{captured} is captured"))
            }
        }
    }

    fn ledger(&self) -> Check {
        let mut check = Check::new(
            "ledger-adds-up",
            "entries",
            "each sums to zero, and all of a payment are what it says",
        );
        check.looked_at = self.entries;
        for finding in &self.crooked {
            check.off(|| finding.clone());
        }
        for (order, payment) in &self.kept {
            let expected: Moved = Position::of(payment).postings().into_iter().collect();
            let mut moved = self.by_order.get(order).cloned().unwrap_or_default();
            moved.retain(|_, minor| *minor != 0);
            if moved != expected {
                check.off(|| {
                    format!("the ledger has {moved:?} for order {order}, its payment {expected:?}")
                });
            }
        }
        for order in self.by_order.keys() {
            if !self.kept.contains_key(order) {
                check.off(|| format!("the ledger has order {order}, which has no payment"));
            }
        }
        check
    }

    fn of_balances(&self) -> Check {
        let mut check = Check::new(
            "balances-add-up",
            "balances",
            "each is what the ledger has put into it, and not below zero",
        );
        check.looked_at = self.balances.len() as u64;
        for (account, owed) in &self.by_customer {
            let kept = self.balances.get(account).copied().unwrap_or_default();
            if kept != -owed || kept < 0 {
                check.off(|| format!("account {account} has {kept}, the ledger {}", -owed));
            }
        }
        for (account, kept) in &self.balances {
            if !self.by_customer.contains_key(account) {
                check.off(|| format!("account {account} has {kept}, the ledger nothing"));
            }
        }
        check
    }

    /// Whether the provider holds what the ledger says it does.
    fn at_the_provider(&self, held: &BTreeMap<OrderId, i64>) -> Check {
        let mut check = Check::new(
            "provider-agrees",
            "payments",
            "the provider holds of each what the ledger says",
        );
        check.looked_at = self.kept.len() as u64;
        let of = |order: &OrderId| {
            let moved = self.by_order.get(order);
            let moved = moved.and_then(|moved| moved.get(&LedgerAccount::Provider));
            moved.copied().unwrap_or_default()
        };
        for order in self.kept.keys().chain(held.keys()) {
            let (ours, theirs) = (of(order), held.get(order).copied().unwrap_or_default());
            if ours != theirs {
                check.off(|| format!("the provider holds {theirs} of order {order}, not {ours}"));
            }
        }
        check
    }

    fn published(&self) -> Check {
        let mut check = Check::new(
            "payments-published",
            "payments",
            "the newest version of each is in its topic, and no other one",
        );
        check.looked_at = self.kept.len() as u64;
        for (order, payment) in &self.kept {
            let told = self.told.get(order).copied().unwrap_or_default();
            if told != payment.version {
                let version = payment.version;
                check.off(|| {
                    format!("the payment of order {order} is at {version}, its topic at {told}")
                });
            }
        }
        for order in self.told.keys() {
            if !self.kept.contains_key(order) {
                check.off(|| format!("the payment of order {order} is in its topic only"));
            }
        }
        check
    }
}

#[cfg(test)]
mod tests {
    use events::money::DEFAULT_CURRENCY;
    use events::{AttemptStatus, Money, PaymentMethod};
    use jiff::Timestamp;
    use payments::domain::Attempt;
    use payments::store::PostingRow;
    use uuid::Uuid;

    use super::*;

    const ORDER: u128 = 1;

    fn captured() -> Payments {
        let (order, customer) = (OrderId::from_u128(ORDER), AccountId::from_u128(2));
        let amount = Money::new(500, DEFAULT_CURRENCY);
        let due_at = Timestamp::UNIX_EPOCH;
        let mut payment = Payment::new(order, customer, Vec::new(), amount, due_at);
        payment.version = 1;
        let mut payments = Payments::default();
        payments.kept.insert(order, payment);
        payments.told.insert(order, 1);
        let posting = |account, minor| PostingRow { account, minor };
        payments.entry(&LedgerRow {
            id: Uuid::from_u128(3),
            order: Some(order),
            customer,
            currency: DEFAULT_CURRENCY,
            postings: vec![
                posting(LedgerAccount::Receivables, 500),
                posting(LedgerAccount::Sales, -500),
            ],
            reason: None,
            at: due_at,
        });
        payments
    }

    fn off(payments: Payments) -> Vec<&'static str> {
        let mut findings = Findings::default();
        payments.judge(Scope::Whole, &Ledger::default(), &mut findings);
        let checks = findings.checks.iter();
        let off = checks.filter(|check| check.passed == Some(false));
        off.map(|check| check.name).collect()
    }

    #[test]
    fn what_adds_up_is_not_found() {
        assert_eq!(off(captured()), Vec::<&str>::new());
    }

    #[test]
    fn what_is_captured_is_what_the_order_says() {
        let order = OrderId::from_u128(ORDER);
        let unpaid = captured();
        assert!(unpaid.of_order(order, Some(OrderStatus::Paid)).is_some());
        for status in [OrderStatus::Accepted, OrderStatus::Cancelled] {
            assert_eq!(unpaid.of_order(order, Some(status)), None);
        }
        let mut paid = captured();
        let payment = paid.kept.get_mut(&order).expect("it is there");
        payment.attempts.push(Attempt {
            number: 1,
            method: PaymentMethod::Balance,
            status: AttemptStatus::Captured,
            token: None,
            asked_at: None,
            provider_id: None,
            reason: None,
        });
        assert_eq!(paid.of_order(order, Some(OrderStatus::Paid)), None);
        for status in [OrderStatus::Accepted, OrderStatus::Cancelled] {
            assert!(paid.of_order(order, Some(status)).is_some(), "{status:?}");
        }
        let lost = OrderId::from_u128(404);
        assert!(paid.of_order(lost, Some(OrderStatus::Paid)).is_some());
    }

    #[test]
    fn every_difference_is_found() {
        let order = OrderId::from_u128(ORDER);
        let mut twice = captured();
        twice
            .by_order
            .entry(order)
            .or_default()
            .insert(LedgerAccount::Sales, -501);
        assert_eq!(off(twice), ["ledger-adds-up"]);
        let mut charged = captured();
        charged.provider = Some([(order, 500)].into());
        assert_eq!(off(charged), ["provider-agrees"]);
        let mut rich = captured();
        rich.balances.insert(AccountId::from_u128(2), 5);
        assert_eq!(off(rich), ["balances-add-up"]);
        let mut untold = captured();
        untold.told.clear();
        assert_eq!(off(untold), ["payments-published"]);
        let mut lost = captured();
        lost.kept.clear();
        assert_eq!(off(lost), ["ledger-adds-up", "payments-published"]);
    }
}
