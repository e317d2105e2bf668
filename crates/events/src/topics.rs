//! The topics, their single writers and their form.

use outbox::kafka::TopicSpec;

/// Orders as they are placed, and each step of theirs. Key: order id. Written by `orders`.
pub const ORDERS: &str = "orders.order.v1";
/// What orders need besides their products, for those who see to it. Key: order id; every record is the full
/// state. Written by `orders`.
pub const ORDER_DETAILS: &str = "orders.details.v1";
/// Payments as they are. Key: order id; every record is the full state. Written by `payments`.
pub const PAYMENTS: &str = "payments.payment.v1";
/// Customers' balances as they are. Key: account id; every record is the full state. Written by `payments`.
pub const BALANCES: &str = "payments.balance.v1";
/// What the stock engine decided. Key: order id. Written by `products`.
pub const ORDER_STATUS: &str = "products.order-status.v1";
/// Products as they are. Key: product id; every record is the full state. Written by `products`.
pub const PRODUCTS: &str = "products.product.v1";

/// Purchases as the intake takes them. Key: user name. Written by `purchases`.
pub const PURCHASES: &str = "purchases.purchase.v1";
/// Accounts as they are. Key: account id; every record is the full state. Written by `auth`.
pub const ACCOUNTS: &str = "auth.account.v1";
/// Carts that were checked out. Key: order id; every record is the full state. Written by `carts`.
pub const CHECKOUTS: &str = "carts.checkout.v1";

/// How a topic keeps its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Every record, for ever: the topic is the history.
    Unlimited,
    /// The newest record of each key: the topic is the state.
    Compacted,
    /// Every record for so many days.
    Days(u16),
}

/// A topic and how it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Its name, without a deployment's prefix.
    pub name: &'static str,
    /// The only service that writes it.
    pub writer: &'static str,
    /// What its keys are.
    pub key: &'static str,
    /// How many partitions it has unless configured otherwise.
    pub partitions: i32,
    /// What it keeps.
    pub retention: Retention,
}

impl Topic {
    /// How the topic is made.
    pub fn spec(&self) -> TopicSpec {
        match self.retention {
            Retention::Unlimited => TopicSpec::unlimited(self.name, self.partitions),
            Retention::Compacted => TopicSpec::compacted(self.name, self.partitions),
            Retention::Days(days) => TopicSpec::for_days(self.name, self.partitions, days),
        }
    }
}

/// Every topic of the shop.
pub const ALL: &[Topic] = &[
    Topic {
        name: ACCOUNTS,
        writer: "auth",
        key: "account id",
        partitions: 3,
        retention: Retention::Compacted,
    },
    Topic {
        name: CHECKOUTS,
        writer: "carts",
        key: "order id",
        partitions: 6,
        retention: Retention::Compacted,
    },
    Topic {
        name: ORDERS,
        writer: "orders",
        key: "order id",
        partitions: 6,
        retention: Retention::Unlimited,
    },
    Topic {
        name: ORDER_DETAILS,
        writer: "orders",
        key: "order id",
        partitions: 6,
        retention: Retention::Compacted,
    },
    Topic {
        name: ORDER_STATUS,
        writer: "products",
        key: "order id",
        partitions: 6,
        retention: Retention::Unlimited,
    },
    Topic {
        name: PAYMENTS,
        writer: "payments",
        key: "order id",
        partitions: 6,
        retention: Retention::Unlimited,
    },
    Topic {
        name: BALANCES,
        writer: "payments",
        key: "account id",
        partitions: 3,
        retention: Retention::Unlimited,
    },
    Topic {
        name: PRODUCTS,
        writer: "products",
        key: "product id",
        partitions: 3,
        retention: Retention::Compacted,
    },
    Topic {
        name: PURCHASES,
        writer: "purchases",
        key: "user name",
        partitions: 6,
        retention: Retention::Days(7),
    },
];
