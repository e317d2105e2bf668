//! The copies of products.

use std::collections::BTreeMap;

use events::ProductId;
use outbox::rows::as_uuid;
use outbox::{Collection, Query, Row, Rows, StoreError};
use replica::Replica;
use serde::{Deserialize, Serialize};

use crate::domain::{Cart, ProductCopy};

impl Replica for ProductCopy {
    const OF: &'static str = "product";
    const COLLECTION: &'static str = "product_copies";
}

/// A copy of a product with its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct CopyRow {
    #[serde(rename = "_id", with = "as_uuid")]
    id: ProductId,
    version: u64,
    #[serde(flatten)]
    product: ProductCopy,
}

impl Row for CopyRow {
    const COLLECTION: &'static Collection = &Collection::new(ProductCopy::COLLECTION, &[]);
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

/// The same as the transaction sees them, each with its version.
///
/// # Errors
/// A store error.
pub async fn versions_of<D: Rows>(
    database: &D,
    tx: &mut D::Tx,
    cart: &Cart,
) -> Result<BTreeMap<ProductId, (ProductCopy, u64)>, StoreError> {
    let ids = cart.lines.iter().map(|line| as_uuid::of(line.product_id));
    let found: Vec<CopyRow> = database.find(tx, Query::any_of("_id", ids)).await?;
    let found = found.into_iter();
    Ok(found
        .map(|row| (row.id, (row.product, row.version)))
        .collect())
}
