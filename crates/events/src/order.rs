//! Orders: their statuses and the events about them.

use outbox::Event;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OrderId, ProductId};
use crate::money::Money;
use crate::topics;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OrderStatus {
    /// Placed, not decided yet.
    Pending,
    /// Its products are reserved for it.
    Accepted,
    /// It can't be fulfilled.
    Rejected,
}

/// Every step that an order may take. What is not here does not happen.
const TRANSITIONS: &[(OrderStatus, OrderStatus)] = &[
    (OrderStatus::Pending, OrderStatus::Accepted),
    (OrderStatus::Pending, OrderStatus::Rejected),
];

impl OrderStatus {
    /// Every status.
    pub const ALL: &[Self] = &[Self::Pending, Self::Accepted, Self::Rejected];

    /// Whether an order may go from here to `next`.
    pub fn may_become(self, next: Self) -> bool {
        TRANSITIONS.contains(&(self, next))
    }

    /// Whether no step leads away from here.
    pub fn is_terminal(self) -> bool {
        !TRANSITIONS.iter().any(|(from, _)| *from == self)
    }

    /// The name that HTTP and events use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
        }
    }
}

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
