//! What this service knows of a product: a copy of what its owner said last.

use std::fmt;
use std::num::TryFromIntError;

use events::money::Currency;
use events::{Money, ProductCreate, ProductState, ProductsQuantityUpdate};
use serde::{Deserialize, Serialize};

/// A product as far as placing an order needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct ProductCopy {
    /// Its name, unique in the shop.
    pub name: String,
    /// The price of one.
    pub price: Money,
    /// How many there were when the owner said so; the owner alone decides.
    pub quantity: u32,
}

/// How it is kept.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    price: i64,
    currency: Currency,
    quantity: i64,
}

impl TryFrom<Stored> for ProductCopy {
    type Error = TryFromIntError;

    fn try_from(stored: Stored) -> Result<Self, TryFromIntError> {
        Ok(Self {
            name: stored.name,
            price: Money::new(stored.price, stored.currency),
            quantity: stored.quantity.try_into()?,
        })
    }
}

impl From<ProductCopy> for Stored {
    fn from(copy: ProductCopy) -> Self {
        Self {
            name: copy.name,
            price: copy.price.minor,
            currency: copy.price.currency,
            quantity: copy.quantity.into(),
        }
    }
}

impl From<&ProductState> for ProductCopy {
    fn from(state: &ProductState) -> Self {
        Self {
            name: state.name.clone(),
            price: state.price,
            quantity: state.quantity,
        }
    }
}

impl From<&ProductCreate> for ProductCopy {
    fn from(event: &ProductCreate) -> Self {
        Self::from(&event.product)
    }
}

impl From<&ProductsQuantityUpdate> for ProductCopy {
    fn from(event: &ProductsQuantityUpdate) -> Self {
        Self::from(&event.product)
    }
}

impl fmt::Display for ProductCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}, {} left for {}",
            self.name, self.quantity, self.price
        )
    }
}
