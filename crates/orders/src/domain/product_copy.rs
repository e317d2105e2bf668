//! What this service knows of a product: a copy of what its owner said last.

use std::fmt;

use events::money::Currency;
use events::{Money, ProductCreate, ProductId, ProductState, ProductsQuantityUpdate, names};
use serde::{Deserialize, Serialize};

/// A product as far as placing an order needs it; kept as it is here, with what its name is compared by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "KeyedCopy")]
pub struct ProductCopy {
    /// Its name, unique in the shop.
    pub name: String,
    /// The price of one, in minor units of the currency.
    pub price: i64,
    /// The price's currency.
    pub currency: Currency,
    /// How many there were when the owner said so; the owner alone decides.
    pub quantity: u32,
}

/// A copy as it is written. Copies of older builds have no key, and are what they are without it.
#[derive(Serialize)]
struct KeyedCopy {
    name: String,
    name_key: String,
    price: i64,
    currency: Currency,
    quantity: u32,
}

impl From<ProductCopy> for KeyedCopy {
    fn from(copy: ProductCopy) -> Self {
        Self {
            name_key: copy.name_key(),
            name: copy.name,
            price: copy.price,
            currency: copy.currency,
            quantity: copy.quantity,
        }
    }
}

impl ProductCopy {
    /// What its name is compared by.
    pub fn name_key(&self) -> String {
        names::key(&self.name)
    }

    /// Which of `copies`, whose names all have one key, is asked for by `name`. There is one but for names
    /// of older builds, of which each is found by its former key, and by today's the one that has it.
    pub fn asked_for<'a>(
        name: &str,
        copies: &'a [(ProductId, Self)],
    ) -> Option<&'a (ProductId, Self)> {
        let (key, former) = (names::key(name), names::former_key(name));
        copies.iter().min_by_key(|(id, copy)| {
            let own = names::former_key(&copy.name);
            (own != former, own != key, *id)
        })
    }

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

#[cfg(test)]
mod tests {
    use events::money::DEFAULT_CURRENCY;

    use super::*;

    #[test]
    fn of_names_that_were_two_each_is_found_by_its_own() {
        let copy = |id, name: &str| {
            let copy = ProductCopy {
                name: name.to_owned(),
                price: 1,
                currency: DEFAULT_CURRENCY,
                quantity: 1,
            };
            (ProductId::from_u128(id), copy)
        };
        let copies = [
            copy(1, "chair\u{200b}"),
            copy(2, "Chair"),
            copy(3, "\u{feff}chair"),
        ];
        for (name, id) in [
            ("chair\u{200b}", 1),
            ("CHAIR", 2),
            ("\u{feff}Chair", 3),
            ("\u{ff23}hair", 2),
        ] {
            let found = ProductCopy::asked_for(name, &copies).unwrap();
            assert_eq!(found.0, ProductId::from_u128(id), "{name:?}");
        }
        assert_eq!(ProductCopy::asked_for("chair", &[]), None);
    }
}
