//! What this service knows of a product: a copy of what its owner said last.

use std::fmt;

use events::money::Currency;
use events::{Money, ProductCreate, ProductState, ProductsQuantityUpdate};
use serde::{Deserialize, Serialize};

/// A product as far as a cart shows it; kept as it is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductCopy {
    /// Its name.
    pub name: String,
    /// The price of one, in minor units of the currency.
    pub price: i64,
    /// The price's currency.
    pub currency: Currency,
    /// How many there were when the owner said so.
    pub quantity: u32,
}

impl ProductCopy {
    /// The price of one.
    pub fn price(&self) -> Money {
        Money::new(self.price, self.currency)
    }
}

impl From<&ProductState> for ProductCopy {
    fn from(state: &ProductState) -> Self {
        Self {
            name: state.name.clone(),
            price: state.price.minor,
            currency: state.price.currency,
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
            self.name,
            self.quantity,
            self.price()
        )
    }
}
