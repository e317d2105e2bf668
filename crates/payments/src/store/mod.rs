//! The service's collections: `payments`, `ledger` and `balances`.

use bson::doc;
use events::{AccountId, LedgerAccount, LedgerEntry, OrderId, PaymentChoice};
use jiff::Timestamp;
use outbox::rows::{as_time, as_uuid};
use outbox::{Collection, Index, Query, Row, Rows, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Balance, Payment};

/// A document is what is known of an order's payment.
pub const PAYMENTS: Collection = Collection::new("payments", &[]);

/// A document is an entry of the ledger; entries are never changed.
pub const LEDGER: Collection = Collection::new("ledger", &[Index::on(&["order"])]);

/// A document is a customer's balance.
pub const BALANCES: Collection = Collection::new("balances", &[]);

/// What is known of an order's payment, from whichever event came first.
///
/// One row for both, so that two transactions of which each has one of them meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRow {
    /// The order.
    #[serde(rename = "_id", with = "as_uuid")]
    pub id: OrderId,
    /// The newest version of the order's details; 0 while none came.
    pub details_version: u64,
    /// How the customer wants to pay, until that has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<PaymentChoice>,
    /// The payment, once the order is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "as_json")]
    pub payment: Option<Payment>,
}

impl Row for PaymentRow {
    const COLLECTION: &'static Collection = &PAYMENTS;
}

impl PaymentRow {
    /// Of an order of which nothing is known.
    pub fn new(id: OrderId) -> Self {
        Self {
            id,
            details_version: 0,
            choice: None,
            payment: None,
        }
    }
}

/// A domain's own type in the form that it has in JSON: its ids and times are texts, whichever way the driver
/// reads a document.
mod as_json {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let json = serde_json::to_value(value).map_err(S::Error::custom)?;
        json.serialize(to)
    }

    pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        let json = Value::deserialize(from)?;
        serde_json::from_value(json).map_err(D::Error::custom)
    }
}

/// What an entry moves to or from an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostingRow {
    /// The account.
    pub account: LedgerAccount,
    /// In minor units.
    pub minor: i64,
}

/// An entry of the ledger as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Its identity.
    #[serde(rename = "_id", with = "as_uuid")]
    pub id: Uuid,
    /// The order whose payment moved it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_uuid::option"
    )]
    pub order: Option<OrderId>,
    /// The customer.
    #[serde(with = "as_uuid")]
    pub customer: AccountId,
    /// Of all that it moves.
    pub currency: events::money::Currency,
    /// What it moves.
    pub postings: Vec<PostingRow>,
    /// Why, when an admin did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    #[serde(with = "as_time")]
    pub at: Timestamp,
}

impl Row for LedgerRow {
    const COLLECTION: &'static Collection = &LEDGER;
}

impl LedgerRow {
    /// The row of `entry`.
    pub fn new(
        entry: &LedgerEntry,
        order: Option<OrderId>,
        customer: AccountId,
        reason: Option<String>,
        at: Timestamp,
    ) -> Self {
        let postings = entry.postings.iter();
        Self {
            id: entry.id,
            order,
            customer,
            currency: entry.currency,
            postings: postings
                .map(|&(account, minor)| PostingRow { account, minor })
                .collect(),
            reason,
            at,
        }
    }
}

/// A customer's balance as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceRow {
    /// Whose it is.
    #[serde(rename = "_id", with = "as_uuid")]
    pub id: AccountId,
    /// What there is, in minor units.
    pub minor: i64,
    /// Of which currency.
    pub currency: events::money::Currency,
    /// Rises by one with each change.
    pub version: u64,
}

impl Row for BalanceRow {
    const COLLECTION: &'static Collection = &BALANCES;
}

impl From<BalanceRow> for Balance {
    fn from(row: BalanceRow) -> Self {
        Self {
            account_id: row.id,
            amount: events::Money::new(row.minor, row.currency),
            version: row.version,
        }
    }
}

impl From<Balance> for BalanceRow {
    fn from(balance: Balance) -> Self {
        Self {
            id: balance.account_id,
            minor: balance.amount.minor,
            currency: balance.amount.currency,
            version: balance.version,
        }
    }
}

/// Asks for the payments of `orders`.
pub fn of_orders(orders: impl IntoIterator<Item = OrderId>) -> Query {
    Query::any_of("_id", orders.into_iter().map(as_uuid::of))
}

/// Asks for the balances of `accounts`.
pub fn of_accounts(accounts: impl IntoIterator<Item = AccountId>) -> Query {
    Query::any_of("_id", accounts.into_iter().map(as_uuid::of))
}

/// The payment of `order` as it is, if there is one.
///
/// # Errors
/// A store error.
pub async fn payment<D: Rows>(database: &D, order: OrderId) -> Result<Option<Payment>, StoreError> {
    let found: Vec<PaymentRow> = database.read(of_orders([order])).await?;
    Ok(found.into_iter().find_map(|row| row.payment))
}

/// The balance of `account` as it is.
///
/// # Errors
/// A store error.
pub async fn balance<D: Rows>(database: &D, account: AccountId) -> Result<Balance, StoreError> {
    let found: Vec<BalanceRow> = database.read(doc! { "_id": as_uuid::of(account) }).await?;
    let found = found.into_iter().next().map(Balance::from);
    Ok(found.unwrap_or_else(|| Balance::none(account)))
}

#[cfg(test)]
mod tests {
    use events::money::DEFAULT_CURRENCY;
    use events::{Money, SellerId};

    use super::*;
    use crate::domain::{Rules, Try};

    #[test]
    fn a_payment_is_read_as_it_is_written() {
        let customer = AccountId::from_u128(2);
        let amount = Money::new(1_000, DEFAULT_CURRENCY);
        let sellers = vec![SellerId::from_u128(3)];
        let order = OrderId::from_u128(1);
        let mut payment = Payment::new(order, customer, sellers, amount, Timestamp::UNIX_EPOCH);
        let (balance, rules) = (Balance::none(customer), Rules { max_declines: 5 });
        let card = Try::Card("tok_ok".to_owned());
        payment.pay(card, &balance, rules).unwrap();
        payment.begin_charge(1, Timestamp::UNIX_EPOCH);
        let row = PaymentRow {
            payment: Some(payment),
            ..PaymentRow::new(order)
        };
        let written = bson::serialize_to_vec(&bson::serialize_to_document(&row).unwrap()).unwrap();
        let read: PaymentRow = bson::deserialize_from_slice(&written).unwrap();
        assert_eq!(read, row);
    }
}
