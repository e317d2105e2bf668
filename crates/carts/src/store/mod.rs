//! The service's collections: `carts`, a row is a cart; and the copies of products.

use std::collections::BTreeMap;
use std::time::Duration;

use events::money::Currency;
use events::{Money, ProductId};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use outbox::mongo::MongoDatabase;
use outbox::rows::{as_time, as_uuid};
use outbox::{Collection, Index, Query, Row, Rows, StoreError};
use replica::Replica;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Cart, Line, ProductCopy};

/// A document is a cart.
pub const CARTS: Collection = Collection::new(
    "carts",
    &[Index::on(&["expires_at"]).expires_after(Duration::ZERO)],
);

impl Replica for ProductCopy {
    const OF: &'static str = "product";
    const COLLECTION: &'static str = "product_copies";
}

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
        };
        Self {
            id: cart.id,
            version: cart.version,
            lines: cart.lines.iter().map(line).collect(),
            closed: cart.closed,
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
        };
        Self {
            id: row.id,
            version: row.version,
            lines: row.lines.into_iter().map(line).collect(),
            closed: row.closed,
            expires_at: row.expires_at,
        }
    }
}

/// A copy of a product with its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct CopyRow {
    #[serde(rename = "_id", with = "as_uuid")]
    id: ProductId,
    #[serde(flatten)]
    product: ProductCopy,
}

impl Row for CopyRow {
    const COLLECTION: &'static Collection = &Collection::new(ProductCopy::COLLECTION, &[]);
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

/// Writes carts: over what is there, but for those of version 1, which are new.
///
/// # Errors
/// A conflict when one was written meanwhile.
pub async fn save<D: Rows>(database: &D, tx: &mut D::Tx, carts: &[Cart]) -> Result<(), StoreError> {
    let (new, known): (Vec<&Cart>, Vec<&Cart>) = carts.iter().partition(|cart| cart.version == 1);
    let rows = |carts: Vec<&Cart>| carts.into_iter().map(CartRow::from).collect::<Vec<_>>();
    if !new.is_empty() {
        database.insert(tx, &rows(new)).await?;
    }
    if !known.is_empty() {
        database.replace(tx, &rows(known)).await?;
    }
    Ok(())
}

/// The product `id`, as the transaction sees it.
///
/// # Errors
/// A store error.
pub async fn product<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    id: ProductId,
) -> Result<Option<ProductCopy>, StoreError> {
    let found: Option<CopyRow> = database.get(tx, as_uuid::of(id)).await?;
    Ok(found.map(|row| row.product))
}

/// The products of the lines of `cart` as they are now; what is not known is left out.
///
/// # Errors
/// A store error.
pub async fn products_of<D: Rows>(
    database: &D,
    cart: &Cart,
) -> Result<BTreeMap<ProductId, ProductCopy>, StoreError> {
    if cart.lines.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = cart.lines.iter().map(|line| as_uuid::of(line.product_id));
    let found: Vec<CopyRow> = database.read(Query::any_of("_id", ids)).await?;
    Ok(found.into_iter().map(|row| (row.id, row.product)).collect())
}
