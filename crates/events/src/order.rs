//! Orders: the events about them.

use outbox::Event;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OrderId, ProductId, SellerId};
use crate::money::Money;
use crate::status::{Asks, OrderStatus};
use crate::topics;

/// A product in an order, and how many of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The product.
    pub product_id: ProductId,
    /// Its name when the order was placed.
    pub name: String,
    /// How many, at least 1.
    pub quantity: u32,
    /// The price of one when the order was placed.
    pub unit_price: Money,
    /// Who sells it; absent when the shop does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<SellerId>,
}

/// An order was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCreate {
    /// The order.
    pub order_id: OrderId,
    /// Who placed it.
    pub customer_id: AccountId,
    /// What is wanted; each product once.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines.
    pub total: Money,
    /// What else it asks for; absent when it is nothing.
    #[serde(default, skip_serializing_if = "Asks::is_nothing")]
    pub asks: Asks,
    /// The order's version: 1.
    pub version: u64,
}

impl Event for OrderCreate {
    const TYPE: &'static str = "OrderCreate";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = topics::ORDERS;

    fn key(&self) -> String {
        self.order_id.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}

/// Why an order was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Rejection {
    /// There is less of a product than the order wants.
    InsufficientStock {
        /// The first such product of the order.
        product_id: ProductId,
        /// What was there when it was decided.
        available: u32,
    },
    /// The catalogue has no such product.
    UnknownProduct {
        /// The first such product of the order.
        product_id: ProductId,
    },
}

/// Why an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Cancellation {
    /// Its customer asked for it.
    CancelledByCustomer,
    /// An admin of the shop did.
    CancelledByShop,
    /// It was tried to be paid for as often as may be, and declined.
    PaymentDeclined,
    /// It was not paid for in time.
    PaymentExpired,
}

impl Cancellation {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::CancelledByCustomer,
        Self::CancelledByShop,
        Self::PaymentDeclined,
        Self::PaymentExpired,
    ];

    /// The stable name, as events, HTTP and databases have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CancelledByCustomer => "cancelled-by-customer",
            Self::CancelledByShop => "cancelled-by-shop",
            Self::PaymentDeclined => "payment-declined",
            Self::PaymentExpired => "payment-expired",
        }
    }

    /// The one of this name.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// Why orders does not place what a cart was checked out with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum CheckoutRejection {
    /// A product costs something else than the cart said.
    PriceChanged {
        /// The first such product of the cart.
        product_id: ProductId,
        /// What one costs now.
        price: Money,
    },
}

/// Why an order is rejected or cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reason {
    /// It can't be fulfilled.
    Rejection(Rejection),
    /// The cart that it was to be is not up to date.
    Checkout(CheckoutRejection),
    /// It was called off.
    Cancellation(Cancellation),
    /// A reason that this build does not know: those who only hear of orders read on.
    Other {
        /// The reason's stable name.
        code: String,
    },
}

impl Reason {
    /// The stable name, as events, HTTP and databases have it.
    pub fn code(&self) -> &str {
        match self {
            Self::Rejection(Rejection::InsufficientStock { .. }) => "insufficient-stock",
            Self::Rejection(Rejection::UnknownProduct { .. }) => "unknown-product",
            Self::Checkout(CheckoutRejection::PriceChanged { .. }) => "price-changed",
            Self::Cancellation(cancellation) => cancellation.code(),
            Self::Other { code } => code,
        }
    }

    /// The product that it is about; none when it is about the whole order.
    pub fn product_id(&self) -> Option<ProductId> {
        match self {
            Self::Rejection(
                Rejection::InsufficientStock { product_id, .. }
                | Rejection::UnknownProduct { product_id },
            )
            | Self::Checkout(CheckoutRejection::PriceChanged { product_id, .. }) => {
                Some(*product_id)
            }
            Self::Cancellation(_) | Self::Other { .. } => None,
        }
    }
}

/// An order took a step: the whole of its public state since then.
///
/// Who consumes this needs no other event about orders, but for those that are not decided yet.
/// Ids stand for persons, because the topic is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderUpdate {
    /// The order.
    pub order_id: OrderId,
    /// Who placed it.
    pub customer_id: AccountId,
    /// What is wanted; each product once.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines.
    pub total: Money,
    /// What else it asks for.
    pub asks: Asks,
    /// The new status.
    pub status: OrderStatus,
    /// Why, when it is rejected or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The service that decided the step.
    pub by: String,
    /// The order's version: rises by one with each step, and `OrderCreate` was 1. An order that is rejected as its cart is
    /// checked out has no `OrderCreate` and is at 1 with its only step.
    pub version: u64,
}

impl Event for OrderUpdate {
    const TYPE: &'static str = "OrderUpdate";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = topics::ORDERS;

    fn key(&self) -> String {
        self.order_id.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}

/// The stock engine decided about an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderStatusUpdate {
    /// The order.
    pub order_id: OrderId,
    /// What becomes of it.
    pub status: OrderStatus,
    /// Why, when it is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Rejection>,
    /// The decision's version: 1, a decision is never changed.
    pub version: u64,
}

impl Event for OrderStatusUpdate {
    const TYPE: &'static str = "OrderStatusUpdate";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = topics::ORDER_STATUS;

    fn key(&self) -> String {
        self.order_id.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}
