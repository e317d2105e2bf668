//! Checkout: how an order is to be paid for and where it goes, and a cart that becomes one.

use std::fmt;

use outbox::Event;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OrderId, ProductId, SellerId};
use crate::money::Money;
use crate::topics;

/// How an order is to be paid for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase")]
pub enum PaymentChoice {
    /// By a card that the provider knows by this token.
    Card {
        /// The provider's name for the card.
        token: String,
    },
    /// From the customer's balance in the shop.
    Balance,
    /// The customer says it later, within the payment window.
    Later,
}

impl fmt::Debug for PaymentChoice {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Card { .. } => "Card",
            Self::Balance => "Balance",
            Self::Later => "Later",
        })
    }
}

/// Where an order goes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Who receives it.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// The town.
    pub city: String,
    /// Its postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl fmt::Debug for Address {
    /// Without the person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.country)
    }
}

/// A line of a cart as its customer saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutLine {
    /// The product.
    pub product_id: ProductId,
    /// Its name.
    pub name: String,
    /// How many, at least 1.
    pub quantity: u32,
    /// The price of one that was shown.
    pub unit_price: Money,
    /// Who sells it; absent when the shop does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<SellerId>,
    /// The product's version that name and price were taken from.
    pub product_version: u64,
}

/// A cart was checked out: it is to become the order of this id.
///
/// The topic is compacted: once the order is placed or rejected it is overwritten without what is
/// personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartCheckout {
    /// The order that it becomes, whatever comes in between.
    pub order_id: OrderId,
    /// Whose cart it was.
    pub customer_id: AccountId,
    /// What was in it; each product once.
    pub lines: Vec<CheckoutLine>,
    /// The sum of the lines.
    pub total: Money,
    /// How it is to be paid for; absent once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentChoice>,
    /// Where it goes; absent once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Address>,
    /// 1 when it was checked out, 2 once it is closed.
    pub version: u64,
}

impl Event for CartCheckout {
    const TYPE: &'static str = "CartCheckout";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = topics::CHECKOUTS;

    fn key(&self) -> String {
        self.order_id.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}

/// What an order needs besides its products, for those who see to it.
///
/// The topic is compacted: once the order rests it is overwritten without what is personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDetails {
    /// The order.
    pub order_id: OrderId,
    /// Who placed it.
    pub customer_id: AccountId,
    /// How it is to be paid for; absent when it asks for no payment, and once it rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentChoice>,
    /// Where it goes; absent when it asks for no delivery, and once it rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Address>,
    /// 1 when it was placed, 2 once it rests.
    pub version: u64,
}

impl Event for OrderDetails {
    const TYPE: &'static str = "OrderDetails";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = topics::ORDER_DETAILS;

    fn key(&self) -> String {
        self.order_id.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}
