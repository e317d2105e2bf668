//! Payments: what their owner says of them.

use jiff::Timestamp;
use outbox::Event;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{AccountId, OrderId, SellerId};
use crate::money::{Currency, Money};
use crate::topics;

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentStatus {
    /// It waits for its customer or for the outcome of a try.
    Awaiting,
    /// The money is promised.
    Authorized,
    /// The money is there.
    Captured,
    /// What was captured was given back, whole.
    Refunded,
    /// Given up before anything was captured.
    Voided,
    /// Declined as often as may be.
    Failed,
    /// The window is over.
    Expired,
}

/// How a try pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaymentMethod {
    /// By a card, at the provider.
    Card,
    /// From the customer's balance in the shop.
    Balance,
}

/// How far a try to pay has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttemptStatus {
    /// Its outcome is not known.
    Pending,
    /// It did not pay.
    Declined,
    /// The money is promised.
    Authorized,
    /// The money is there.
    Captured,
    /// The promise was given back.
    Voided,
    /// It never reached the provider.
    Absent,
}

/// A try to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAttempt {
    /// Counts the tries of a payment, from 1.
    pub number: u32,
    /// How it pays.
    pub method: PaymentMethod,
    /// How far it has come.
    pub status: AttemptStatus,
    /// What the provider calls it, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Why it did not pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Money that is given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRefund {
    /// Its identity.
    pub id: Uuid,
    /// In minor units of the payment's currency.
    pub minor: i64,
    /// Why.
    pub reason: String,
    /// Whether the customer has it.
    pub done: bool,
}

/// A payment changed: the whole of its public state since then.
///
/// Kept for ever, so ids stand for persons and no card is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentUpdate {
    /// The order that is paid for.
    pub order_id: OrderId,
    /// Whose order it is.
    pub customer_id: AccountId,
    /// Sorted; without the shop itself.
    pub sellers: Vec<SellerId>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What is to be paid.
    pub amount: Money,
    /// What was captured of it.
    pub captured: Money,
    /// What of that was given back.
    pub refunded: Money,
    /// When its window ends.
    pub due_at: Timestamp,
    /// Whether the order was cancelled.
    pub cancelled: bool,
    /// The tries, in their order.
    pub attempts: Vec<PaymentAttempt>,
    /// What was granted to be given back, in the order in which it was.
    pub refunds: Vec<PaymentRefund>,
    /// What this change wrote into the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<LedgerEntry>,
    /// Rises by one with each change, from 1.
    pub version: u64,
}

impl Event for PaymentUpdate {
    const TYPE: &'static str = "PaymentUpdate";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = topics::PAYMENTS;

    fn key(&self) -> String {
        self.order_id.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}

/// What an account of the ledger is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerAccount {
    /// What customers owe for orders.
    Receivables,
    /// What the provider has taken for the shop.
    Provider,
    /// What the shop owes to customers whose balance it is.
    Balances,
    /// What was sold.
    Sales,
    /// What of that was given back.
    Refunds,
    /// What the shop put into balances by itself.
    Grants,
}

/// An entry of the ledger: what it moves to and from accounts, in minor units. The sum is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Its identity.
    pub id: Uuid,
    /// The currency of all of it.
    pub currency: Currency,
    /// What moves: an account's debit is above zero, its credit below. Each account once.
    pub postings: Vec<(LedgerAccount, i64)>,
}

/// A customer's balance changed: the whole of it since then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceUpdate {
    /// Whose it is.
    pub account_id: AccountId,
    /// What the customer can pay with.
    pub balance: Money,
    /// What this change wrote into the ledger, unless a payment's change wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<LedgerEntry>,
    /// Rises by one with each change, from 1.
    pub version: u64,
}

impl Event for BalanceUpdate {
    const TYPE: &'static str = "BalanceUpdate";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = topics::BALANCES;

    fn key(&self) -> String {
        self.account_id.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}
