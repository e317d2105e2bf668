//! `carts`: a row is a cart.

use std::collections::BTreeMap;
use std::time::Duration;

use events::money::Currency;
use events::{Money, OrderId, ProductId};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use outbox::mongo::MongoDatabase;
use outbox::rows::{as_time, as_uuid};
use outbox::{Collection, Index, Query, Row, Rows, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Cart, Line};

/// A document is a cart.
pub const CARTS: Collection = Collection::new(
    "carts",
    &[Index::on(&["expires_at"]).expires_after(Duration::ZERO)],
);

/// A cart as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartRow {
    #[serde(rename = "_id", with = "as_uuid")]
    id: Uuid,
    version: u64,
    lines: Vec<LineRow>,
    /// Absent for an open one.
    #[serde(default, skip_serializing_if = "is_open")]
    closed: bool,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_uuid::option"
    )]
    frozen: Option<OrderId>,
    /// The database removes it then.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_time::option"
    )]
    expires_at: Option<Timestamp>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if gives a reference"
)]
fn is_open(closed: &bool) -> bool {
    !closed
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LineRow {
    #[serde(rename = "product", with = "as_uuid")]
    product_id: ProductId,
    name: String,
    quantity: u32,
    /// The price of one that the customer knows, in minor units of the currency.
    known_price: i64,
    currency: Currency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rejection: Option<String>,
}

impl Row for CartRow {
    const COLLECTION: &'static Collection = &CARTS;
}

impl From<&Cart> for CartRow {
    fn from(cart: &Cart) -> Self {
        let line = |line: &Line| LineRow {
            product_id: line.product_id,
            name: line.name.clone(),
            quantity: line.quantity,
            known_price: line.known_price.minor,
            currency: line.known_price.currency,
            rejection: line.rejection.clone(),
        };
        Self {
            id: cart.id,
            version: cart.version,
            lines: cart.lines.iter().map(line).collect(),
            closed: cart.closed,
            frozen: cart.frozen,
            expires_at: cart.expires_at,
        }
    }
}

impl From<CartRow> for Cart {
    fn from(row: CartRow) -> Self {
        let line = |line: LineRow| Line {
            product_id: line.product_id,
            name: line.name,
            quantity: line.quantity,
            known_price: Money::new(line.known_price, line.currency),
            rejection: line.rejection,
        };
        Self {
            id: row.id,
            version: row.version,
            lines: row.lines.into_iter().map(line).collect(),
            closed: row.closed,
            frozen: row.frozen,
            expires_at: row.expires_at,
        }
    }
}

/// The carts `ids`, as the transaction sees them; who has none is left out.
///
/// # Errors
/// A store error.
pub async fn find<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Cart>, StoreError> {
    let ids = ids.iter().copied().map(as_uuid::of);
    let found: Vec<CartRow> = database.find(tx, Query::any_of("_id", ids)).await?;
    let found = found.into_iter().map(Cart::from);
    Ok(found.map(|cart| (cart.id, cart)).collect())
}

/// The cart `id` as it is now, outside of any transaction.
///
/// # Errors
/// A store error.
pub async fn read<D: Rows>(database: &D, id: Uuid) -> Result<Option<Cart>, StoreError> {
    let query = Query::any_of("_id", [as_uuid::of(id)]);
    let found: Vec<CartRow> = database.read(query).await?;
    Ok(found.into_iter().next().map(Cart::from))
}

/// All carts.
///
/// # Errors
/// A store error, now or in the stream.
pub async fn all(
    database: &MongoDatabase,
) -> Result<BoxStream<'static, Result<Cart, StoreError>>, StoreError> {
    let all = database.stream::<CartRow>(Query::all()).await?;
    Ok(Box::pin(all.map_ok(Cart::from)))
}

/// Writes new carts.
///
/// # Errors
/// A conflict when one is there by now.
pub async fn insert<D: Rows>(database: &D, tx: &mut D::Tx, new: &[Cart]) -> Result<(), StoreError> {
    let rows: Vec<CartRow> = new.iter().map(CartRow::from).collect();
    database.insert(tx, &rows).await
}

/// Writes carts over what is there.
///
/// # Errors
/// A conflict when one was changed meanwhile.
pub async fn replace<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    known: &[Cart],
) -> Result<(), StoreError> {
    let rows: Vec<CartRow> = known.iter().map(CartRow::from).collect();
    database.replace(tx, &rows).await
}
