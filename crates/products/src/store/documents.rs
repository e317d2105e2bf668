//! The form of the documents.

use bson::{DateTime, Document, doc};
use events::{Money, OrderId, OrderStatus, ProductId, ProductState, Rejection, names};
use jiff::Timestamp;
use outbox::StoreError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Listed, ProductRecord, StockDecision};
use crate::domain::{CategoryName, Decision, Demand, Outcome};

pub(super) const PRODUCTS: &str = "products";
pub(super) const CATEGORIES: &str = "categories";
pub(super) const DECISIONS: &str = "reservations";
pub(super) const PRODUCT_CHANGES: &str = "product_changes";

/// How many restocks a product remembers: enough to know one's own again after a commit
/// whose outcome is unknown.
pub(super) const RESTOCKS_KEPT: i32 = 32;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredProduct {
    #[serde(rename = "_id")]
    pub id: bson::Uuid,
    pub name: String,
    pub name_key: String,
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    pub price: Money,
    pub quantity: i64,
    /// All that was ever put in: what is there now plus what orders took.
    pub stocked: i64,
    pub categories: Vec<String>,
    pub version: i64,
    pub created_at: DateTime,
    #[serde(default)]
    pub raises: Vec<bson::Uuid>,
}

impl StoredProduct {
    pub(super) fn new(product: &ProductState, at: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            id: product_key(product.product_id),
            name: product.name.clone(),
            name_key: names::key(&product.name),
            search: searched(&product.name, &product.description),
            description: product.description.clone(),
            price: product.price,
            quantity: product.quantity.into(),
            stocked: product.quantity.into(),
            categories: product.categories.clone(),
            version: version(product.version)?,
            created_at: date(at),
            raises: Vec::new(),
        })
    }

    pub(super) fn into_state(self) -> Result<ProductState, StoreError> {
        Ok(ProductState {
            product_id: product_id(self.id),
            name: self.name,
            description: self.description,
            price: self.price,
            quantity: stored(self.quantity)?,
            stocked: Some(stored(self.stocked)?),
            categories: self.categories,
            version: stored(self.version)?,
        })
    }

    pub(super) fn into_listed(mut self) -> Result<Listed, StoreError> {
        let name_key = std::mem::take(&mut self.name_key).into();
        Ok(Listed {
            product: self.into_state()?,
            name_key,
        })
    }

    pub(super) fn into_record(mut self) -> Result<ProductRecord, StoreError> {
        let raises = std::mem::take(&mut self.raises)
            .into_iter()
            .map(Uuid::from)
            .collect();
        Ok(ProductRecord {
            product: self.into_state()?,
            restocks: raises,
        })
    }
}

/// What of a product is searched besides its name and description as they are: both folded, where that
/// differs from ignoring the letter case. No text that is searched for has a line break.
pub(super) fn searched(name: &str, description: &str) -> Option<String> {
    let plain = name.is_ascii() && description.is_ascii();
    (!plain).then(|| format!("{}\n{}", names::fold(name), names::fold(description)))
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredCategory {
    #[serde(rename = "_id")]
    pub name: String,
    /// Absent in those of older builds whose key another one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_key: Option<String>,
    pub created_at: DateTime,
}

impl StoredCategory {
    /// Those that may be one of `names`: by the name itself, for those without a key, or the key.
    pub(super) fn named<'a>(names: impl Iterator<Item = &'a CategoryName> + Clone) -> Document {
        let keys: Vec<String> = names.clone().map(CategoryName::key).collect();
        let names: Vec<&str> = names.map(CategoryName::as_str).collect();
        doc! { "$or": [{ "_id": { "$in": names } }, { "name_key": { "$in": keys } }] }
    }

    /// That of `found` which is called `name`.
    pub(super) fn of_name(found: &[Self], name: &CategoryName) -> Option<CategoryName> {
        let key = name.key();
        let same = |it: &&Self| it.name == name.as_str();
        let alike = |it: &&Self| it.name_key.as_ref() == Some(&key);
        let stored = found.iter().find(same).or_else(|| found.iter().find(alike));
        stored.map(|category| CategoryName::stored(category.name.clone()))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredDecision {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    status: OrderStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<StoredReason>,
    lines: Vec<StoredLine>,
    event_id: bson::Uuid,
    decided_at: DateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    released_at: Option<DateTime>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredLine {
    product: bson::Uuid,
    quantity: i64,
}

/// A rejection. Not an enum with a tag: serde would read such a one through a form of its
/// own, in which a BSON UUID is none.
#[derive(Debug, Serialize, Deserialize)]
struct StoredReason {
    code: String,
    product: bson::Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    available: Option<i64>,
}

const INSUFFICIENT_STOCK: &str = "insufficient-stock";
const UNKNOWN_PRODUCT: &str = "unknown-product";

impl StoredDecision {
    pub(super) fn new(stock_decision: &StockDecision) -> Self {
        let StockDecision {
            decision,
            event_id,
            decided_at,
            released_at,
        } = stock_decision;
        Self {
            id: order_key(decision.order_id),
            status: decision.outcome.status(),
            reason: decision.outcome.reason().map(StoredReason::new),
            lines: decision.lines.iter().map(StoredLine::new).collect(),
            event_id: (*event_id).into(),
            decided_at: date(*decided_at),
            released_at: released_at.map(date),
        }
    }

    /// The field `lines` of a reservation of `lines`.
    pub(super) fn lines(lines: &[Demand]) -> Vec<Document> {
        let line = |line: &Demand| {
            let StoredLine { product, quantity } = StoredLine::new(line);
            doc! { "product": product, "quantity": quantity }
        };
        lines.iter().map(line).collect()
    }

    pub(super) fn into_decision(self) -> Result<StockDecision, StoreError> {
        let outcome = match (self.status, self.reason) {
            (OrderStatus::Accepted, None) => Outcome::Accepted,
            (OrderStatus::Rejected, Some(reason)) => Outcome::Rejected(reason.into_rejection()?),
            (status, reason) => {
                let found = format!("a reservation is {} with {reason:?}", status.name());
                return Err(StoreError::permanent(found));
            }
        };
        let line = |line: StoredLine| {
            Ok(Demand {
                product_id: product_id(line.product),
                quantity: stored(line.quantity)?,
            })
        };
        Ok(StockDecision {
            decision: Decision {
                order_id: OrderId::from_bytes(self.id.bytes()),
                lines: self
                    .lines
                    .into_iter()
                    .map(line)
                    .collect::<Result<_, StoreError>>()?,
                outcome,
            },
            event_id: self.event_id.into(),
            decided_at: time(self.decided_at)?,
            released_at: self.released_at.map(time).transpose()?,
        })
    }
}

impl StoredLine {
    fn new(line: &Demand) -> Self {
        Self {
            product: product_key(line.product_id),
            // More than can be counted was refused; what is kept then only says so.
            quantity: i64::try_from(line.quantity).unwrap_or(i64::MAX),
        }
    }
}

impl StoredReason {
    fn new(reason: &Rejection) -> Self {
        let (code, product_id, available) = match *reason {
            Rejection::InsufficientStock {
                product_id,
                available,
            } => (INSUFFICIENT_STOCK, product_id, Some(available.into())),
            Rejection::UnknownProduct { product_id } => (UNKNOWN_PRODUCT, product_id, None),
        };
        Self {
            code: code.to_owned(),
            product: product_key(product_id),
            available,
        }
    }

    fn into_rejection(self) -> Result<Rejection, StoreError> {
        let product_id = product_id(self.product);
        match (self.code.as_str(), self.available) {
            (INSUFFICIENT_STOCK, Some(available)) => Ok(Rejection::InsufficientStock {
                product_id,
                available: stored(available)?,
            }),
            (UNKNOWN_PRODUCT, None) => Ok(Rejection::UnknownProduct { product_id }),
            (code, _) => Err(StoreError::permanent(format!(
                "unknown rejection \"{code}\""
            ))),
        }
    }
}

pub(super) fn product_key(id: ProductId) -> bson::Uuid {
    bson::Uuid::from_bytes(id.into_bytes())
}

pub(super) fn order_key(id: OrderId) -> bson::Uuid {
    bson::Uuid::from_bytes(id.into_bytes())
}

pub(super) fn product_id(key: bson::Uuid) -> ProductId {
    ProductId::from_bytes(key.bytes())
}

pub(super) fn version(version: u64) -> Result<i64, StoreError> {
    i64::try_from(version).map_err(StoreError::permanent)
}

/// A number as it was stored, which the validator keeps from being negative.
fn stored<T: TryFrom<i64>>(number: i64) -> Result<T, StoreError> {
    T::try_from(number)
        .map_err(|_| StoreError::permanent(format!("{number} is stored where it can't be")))
}

fn time(date: DateTime) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(date.timestamp_millis()).map_err(StoreError::permanent)
}

pub(super) fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}
