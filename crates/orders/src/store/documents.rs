//! How the domain's things lie in the database.
//!
//! Ids are BSON UUIDs, times BSON dates (milliseconds), money minor units with one currency code
//! per document.

use bson::DateTime;
use events::money::Currency;
use events::{
    Asks, Cancellation, CheckoutRejection, Money, OrderId, OrderLine, OrderStatus, ProductId,
    Reason, Rejection, SellerId,
};
use jiff::Timestamp;
use outbox::StoreError;
use serde::{Deserialize, Serialize};

use super::OrderTransition;
use crate::domain::{Author, Order, Step};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OrderDocument {
    #[serde(rename = "_id")]
    pub(super) id: bson::Uuid,
    pub(super) customer: bson::Uuid,
    pub(super) status: OrderStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<ReasonDocument>,
    pub(super) lines: Vec<LineDocument>,
    pub(super) total: i64,
    pub(super) currency: Currency,
    /// Absent when it asks for nothing, and in orders of builds before it.
    #[serde(default, skip_serializing_if = "Asks::is_nothing")]
    pub(super) asks: Asks,
    pub(super) version: i64,
    pub(super) created_at: DateTime,
    pub(super) history: Vec<StepDocument>,
    /// Since when the last step can be read; resumed live updates go by it. Absent until the
    /// first step after placing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_change: Option<LastChange>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LastChange {
    pub(super) at: DateTime,
}

/// Which orders a transaction changed, for those who follow them; one for each transaction, so
/// that a change stream has little to look at.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ChangeEventDocument {
    pub(super) at: DateTime,
    pub(super) orders: Vec<ChangedOrder>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ChangedOrder {
    pub(super) id: bson::Uuid,
    pub(super) customer: bson::Uuid,
}

impl ChangeEventDocument {
    /// The change event of `steps`, which one transaction takes, at least one.
    pub(super) fn of(steps: &[OrderTransition]) -> Self {
        let at = steps.iter().map(|step| step.written_at).max();
        let changed = |step: &OrderTransition| ChangedOrder {
            id: uuid(step.from.id.into_bytes()),
            customer: uuid(step.from.customer.into_bytes()),
        };
        Self {
            at: date(at.unwrap_or_default()),
            orders: steps.iter().map(changed).collect(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LineDocument {
    pub(super) product: bson::Uuid,
    pub(super) name: String,
    pub(super) quantity: i64,
    pub(super) price: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seller: Option<bson::Uuid>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StepDocument {
    pub(super) status: OrderStatus,
    pub(super) at: DateTime,
    pub(super) by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<ReasonDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

/// Flat, because serde reads tagged enums through a buffer that BSON's own types don't survive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ReasonDocument {
    pub(super) code: String,
    /// Absent for a cancellation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) product: Option<bson::Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) available: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) price: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<Currency>,
}

const INSUFFICIENT_STOCK: &str = "insufficient-stock";
const UNKNOWN_PRODUCT: &str = "unknown-product";
const PRICE_CHANGED: &str = "price-changed";

pub(super) fn uuid(bytes: [u8; 16]) -> bson::Uuid {
    bson::Uuid::from_bytes(bytes)
}

pub(super) fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

pub(super) fn time(date: DateTime) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(date.timestamp_millis()).map_err(StoreError::permanent)
}

pub(super) fn quantity(stored: i64) -> Result<u32, StoreError> {
    u32::try_from(stored).map_err(StoreError::permanent)
}

impl From<&Reason> for ReasonDocument {
    fn from(reason: &Reason) -> Self {
        let mut document = Self {
            code: reason.code().to_owned(),
            product: reason.product_id().map(|id| uuid(id.into_bytes())),
            available: None,
            price: None,
            currency: None,
        };
        match reason {
            Reason::Rejection(Rejection::InsufficientStock { available, .. }) => {
                document.available = Some(i64::from(*available));
            }
            Reason::Checkout(CheckoutRejection::PriceChanged { price, .. }) => {
                (document.price, document.currency) = (Some(price.minor), Some(price.currency));
            }
            Reason::Rejection(Rejection::UnknownProduct { .. })
            | Reason::Cancellation(_)
            | Reason::Other { .. } => {}
        }
        document
    }
}

impl ReasonDocument {
    fn to_domain(&self) -> Result<Reason, StoreError> {
        let product_id = self.product.map(|id| ProductId::from_bytes(id.bytes()));
        match (self.code.as_str(), product_id, self.available) {
            (INSUFFICIENT_STOCK, Some(product_id), Some(available)) => {
                Ok(Reason::Rejection(Rejection::InsufficientStock {
                    product_id,
                    available: quantity(available)?,
                }))
            }
            (UNKNOWN_PRODUCT, Some(product_id), _) => {
                Ok(Reason::Rejection(Rejection::UnknownProduct { product_id }))
            }
            (PRICE_CHANGED, Some(product_id), _) => {
                let price = self.price.zip(self.currency);
                let price = price.ok_or_else(|| StoreError::permanent("a new price is missing"))?;
                let price = Money::new(price.0, price.1);
                let changed = CheckoutRejection::PriceChanged { product_id, price };
                Ok(Reason::Checkout(changed))
            }
            (code, ..) => Cancellation::from_code(code)
                .map(Reason::Cancellation)
                .ok_or_else(|| StoreError::permanent(format!("an unknown reason, {code:?}"))),
        }
    }
}

impl From<&Step> for StepDocument {
    fn from(step: &Step) -> Self {
        Self {
            status: step.status,
            at: date(step.at),
            by: step.by.name().to_owned(),
            reason: step.reason.as_ref().map(ReasonDocument::from),
            note: step.note.clone(),
        }
    }
}

impl From<&Order> for OrderDocument {
    fn from(order: &Order) -> Self {
        Self {
            id: uuid(order.id.into_bytes()),
            customer: uuid(order.customer.into_bytes()),
            status: order.status,
            reason: order.reason.as_ref().map(ReasonDocument::from),
            lines: order.lines.iter().map(LineDocument::from).collect(),
            total: order.total.minor,
            currency: order.total.currency,
            asks: order.asks,
            version: order.version.cast_signed(),
            created_at: date(order.created_at),
            history: order.history.iter().map(StepDocument::from).collect(),
            last_change: last_change(order),
        }
    }
}

impl From<&OrderLine> for LineDocument {
    fn from(line: &OrderLine) -> Self {
        Self {
            product: uuid(line.product_id.into_bytes()),
            name: line.name.clone(),
            quantity: i64::from(line.quantity),
            price: line.unit_price.minor,
            seller: line.seller.map(|seller| uuid(seller.into_bytes())),
        }
    }
}

fn last_change(order: &Order) -> Option<LastChange> {
    (order.version > 1).then(|| LastChange {
        at: date(order.changed_at),
    })
}

impl OrderDocument {
    pub(super) fn into_domain(self) -> Result<Order, StoreError> {
        let total = Money::new(self.total, self.currency);
        let lines = self.lines.into_iter().map(|line| {
            Ok(OrderLine {
                product_id: ProductId::from_bytes(line.product.bytes()),
                name: line.name,
                quantity: quantity(line.quantity)?,
                unit_price: Money::new(line.price, total.currency),
                seller: line
                    .seller
                    .map(|seller| SellerId::from_bytes(seller.bytes())),
            })
        });
        let history = self.history.into_iter().map(|step| {
            Ok(Step {
                status: step.status,
                at: time(step.at)?,
                by: Author::from_name(&step.by).ok_or_else(|| {
                    StoreError::permanent(format!("a step by an unknown author, {:?}", step.by))
                })?,
                reason: step
                    .reason
                    .as_ref()
                    .map(ReasonDocument::to_domain)
                    .transpose()?,
                note: step.note,
            })
        });
        Ok(Order {
            id: OrderId::from_bytes(self.id.bytes()),
            customer: events::AccountId::from_bytes(self.customer.bytes()),
            lines: lines.collect::<Result<_, StoreError>>()?,
            total,
            asks: self.asks,
            status: self.status,
            reason: self
                .reason
                .as_ref()
                .map(ReasonDocument::to_domain)
                .transpose()?,
            version: self.version.cast_unsigned(),
            created_at: time(self.created_at)?,
            changed_at: time(self.last_change.map_or(self.created_at, |last| last.at))?,
            history: history.collect::<Result<_, StoreError>>()?,
        })
    }
}
