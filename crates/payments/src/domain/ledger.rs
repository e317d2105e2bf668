//! The ledger: what a payment has moved to and from each account follows from how it is. A change moves the
//! difference, so the ledger says at any time what the payments say, and each entry sums to zero.

use std::collections::BTreeMap;

use events::{LedgerAccount, PaymentMethod};

use super::payment::Payment;

/// What was moved to each account, in minor units; its sum is zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position(BTreeMap<LedgerAccount, i64>);

impl Position {
    /// What `payment` has moved.
    ///
    /// What was sold is owed by the customer until it is paid; a payment that is closed before has sold
    /// nothing. What is captured then in spite of it is owed to the customer until it is given back.
    pub fn of(payment: &Payment) -> Self {
        let is_sold = payment.closed.is_none();
        let sold = if is_sold { payment.amount.minor } else { 0 };
        let (captured, refunded) = (payment.captured(), payment.refunded());
        let held = match payment.captured_by() {
            Some(PaymentMethod::Balance) => LedgerAccount::Balances,
            Some(PaymentMethod::Card) | None => LedgerAccount::Provider,
        };
        let mut position = Self::default();
        position.add(LedgerAccount::Sales, -sold);
        position.add(LedgerAccount::Receivables, sold - captured);
        position.add(held, captured - refunded);
        let given_back = if is_sold {
            LedgerAccount::Refunds
        } else {
            LedgerAccount::Receivables
        };
        position.add(given_back, refunded);
        position
    }

    /// What the shop puts into a balance by itself.
    pub fn of_grant(minor: i64) -> Self {
        let mut position = Self::default();
        position.add(LedgerAccount::Balances, -minor);
        position.add(LedgerAccount::Grants, minor);
        position
    }

    /// What has to be moved to get here from `before`.
    #[must_use]
    pub fn since(mut self, before: &Self) -> Self {
        for (account, minor) in &before.0 {
            self.add(*account, -minor);
        }
        self
    }

    /// What was moved to `account`.
    pub fn on(&self, account: LedgerAccount) -> i64 {
        self.0.get(&account).copied().unwrap_or_default()
    }

    /// What an entry has to say of it; none when nothing moves.
    pub fn postings(&self) -> Vec<(LedgerAccount, i64)> {
        let moved = self.0.iter().filter(|(_, minor)| **minor != 0);
        moved.map(|(account, minor)| (*account, *minor)).collect()
    }

    /// The sum of it all.
    pub fn sum(&self) -> i64 {
        self.0.values().sum()
    }

    fn add(&mut self, account: LedgerAccount, minor: i64) {
        *self.0.entry(account).or_default() += minor;
    }
}
