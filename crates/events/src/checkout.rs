//! Checkout: how an order is to be paid for and where it goes.

use std::fmt;

use outbox::Event;
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, OrderId};
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
