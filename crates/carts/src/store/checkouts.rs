//! `checkouts`: a row is a cart that was checked out, by its order's id.

use std::collections::BTreeMap;
use std::time::Duration;

use bson::Bson;
use events::money::Currency;
use events::{AccountId, CheckoutLine, Money, OrderId, ProductId, SellerId};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use outbox::mongo::MongoDatabase;
use outbox::rows::{as_time, as_uuid};
use outbox::{Collection, Index, Query, Row, Rows, StoreError};
use serde::{Deserialize, Serialize};

use crate::domain::{Checkout, CheckoutStatus, RejectionReason};

/// A document is a cart that was checked out.
pub const CHECKOUTS: Collection = Collection::new(
    "checkouts",
    &[Index::on(&["expires_at"]).expires_after(Duration::ZERO)],
);

/// A checkout as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutRow {
    #[serde(rename = "_id", with = "as_uuid")]
    order_id: OrderId,
    #[serde(rename = "account", with = "as_uuid")]
    account_id: AccountId,
    status: Status,
    lines: Vec<LineRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonRow>,
    /// While it is PENDING.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<AskedRow>,
    /// The database removes it then.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_time::option"
    )]
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Pending,
    Placed,
    Rejected,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LineRow {
    #[serde(rename = "product", with = "as_uuid")]
    product_id: ProductId,
    name: String,
    quantity: u32,
    /// Of one, in minor units of the currency.
    price: i64,
    currency: Currency,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_uuid::option"
    )]
    seller: Option<SellerId>,
    product_version: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ReasonRow {
    code: String,
    detail: String,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_uuid::option"
    )]
    product: Option<ProductId>,
}

/// A digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct AskedRow(#[serde(with = "outbox::rows::as_bytes")] [u8; 32]);

impl Row for CheckoutRow {
    const COLLECTION: &'static Collection = &CHECKOUTS;
}

impl From<&Checkout> for CheckoutRow {
    fn from(checkout: &Checkout) -> Self {
        let line = |line: &CheckoutLine| LineRow {
            product_id: line.product_id,
            name: line.name.clone(),
            quantity: line.quantity,
            price: line.unit_price.minor,
            currency: line.unit_price.currency,
            seller: line.seller,
            product_version: line.product_version,
        };
        let reason = |reason: &RejectionReason| ReasonRow {
            code: reason.code.clone(),
            detail: reason.detail.clone(),
            product: reason.product,
        };
        Self {
            order_id: checkout.order_id,
            account_id: checkout.account_id,
            status: match checkout.status {
                CheckoutStatus::Pending => Status::Pending,
                CheckoutStatus::Placed => Status::Placed,
                CheckoutStatus::Rejected => Status::Rejected,
            },
            lines: checkout.lines.iter().map(line).collect(),
            reason: checkout.reason.as_ref().map(reason),
            asked: checkout.asked.map(AskedRow),
            expires_at: checkout.expires_at,
        }
    }
}

impl From<CheckoutRow> for Checkout {
    fn from(row: CheckoutRow) -> Self {
        let line = |line: LineRow| CheckoutLine {
            product_id: line.product_id,
            name: line.name,
            quantity: line.quantity,
            unit_price: Money::new(line.price, line.currency),
            seller: line.seller,
            product_version: line.product_version,
        };
        let reason = |reason: ReasonRow| RejectionReason {
            code: reason.code,
            detail: reason.detail,
            product: reason.product,
        };
        Self {
            order_id: row.order_id,
            account_id: row.account_id,
            status: match row.status {
                Status::Pending => CheckoutStatus::Pending,
                Status::Placed => CheckoutStatus::Placed,
                Status::Rejected => CheckoutStatus::Rejected,
            },
            lines: row.lines.into_iter().map(line).collect(),
            reason: row.reason.map(reason),
            asked: row.asked.map(|asked| asked.0),
            expires_at: row.expires_at,
        }
    }
}

/// Those of the orders `ids` that were checked out here, as the transaction sees them.
///
/// # Errors
/// A store error.
pub async fn checkouts<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    ids: impl IntoIterator<Item = OrderId> + Send,
) -> Result<BTreeMap<OrderId, Checkout>, StoreError> {
    let ids: Vec<bson::Uuid> = ids.into_iter().map(as_uuid::of).collect();
    let found: Vec<CheckoutRow> = database.find(tx, Query::any_of("_id", ids)).await?;
    let found = found.into_iter().map(Checkout::from);
    Ok(found
        .map(|checkout| (checkout.order_id, checkout))
        .collect())
}

/// The checkout of the order `id` as it is now, outside of any transaction.
///
/// # Errors
/// A store error.
pub async fn read_checkout<D: Rows>(
    database: &D,
    id: OrderId,
) -> Result<Option<Checkout>, StoreError> {
    let query = Query::any_of("_id", [as_uuid::of(id)]);
    let found: Vec<CheckoutRow> = database.read(query).await?;
    Ok(found.into_iter().next().map(Checkout::from))
}

/// All checkouts.
///
/// # Errors
/// A store error, now or in the stream.
pub async fn all_checkouts(
    database: &MongoDatabase,
) -> Result<BoxStream<'static, Result<Checkout, StoreError>>, StoreError> {
    let all = database.stream::<CheckoutRow>(Query::all()).await?;
    Ok(Box::pin(all.map_ok(Checkout::from)))
}

/// Writes new checkouts.
///
/// # Errors
/// A conflict when one is there by now.
pub async fn insert_checkouts<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    new: &[Checkout],
) -> Result<(), StoreError> {
    let rows: Vec<CheckoutRow> = new.iter().map(CheckoutRow::from).collect();
    database.insert(tx, &rows).await
}

/// Writes checkouts over what is there.
///
/// # Errors
/// A conflict when one was changed meanwhile.
pub async fn close_checkouts<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    closed: &[Checkout],
) -> Result<(), StoreError> {
    let rows: Vec<CheckoutRow> = closed.iter().map(CheckoutRow::from).collect();
    database.replace(tx, &rows).await
}

/// Removes the checkouts of the orders `ids`.
///
/// # Errors
/// A conflict when one was changed meanwhile.
pub async fn remove_checkouts<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    ids: &[OrderId],
) -> Result<(), StoreError> {
    let ids: Vec<Bson> = ids.iter().map(|id| as_uuid::of(*id).into()).collect();
    database.remove::<CheckoutRow>(tx, ids).await
}
