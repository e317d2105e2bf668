//! What a customer has to know of a line.

use std::fmt;

use events::Money;

use super::{Line, ProductCopy};

/// What has changed since a product was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// It is not sold any more.
    Gone,
    /// It costs more or less.
    PriceChanged {
        /// What its customer knows.
        known: Money,
        /// What it costs now.
        now: Money,
    },
    /// There is less than is wanted.
    InsufficientStock {
        /// How many there are.
        available: u32,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("it is not sold any more"),
            Self::PriceChanged { known, now } => {
                write!(f, "its price has changed from {known} to {now}")
            }
            Self::InsufficientStock { available: 0 } => f.write_str("it is sold out"),
            Self::InsufficientStock { available: 1 } => f.write_str("there is only 1 left"),
            Self::InsufficientStock { available } => {
                write!(f, "there are only {available} left")
            }
        }
    }
}

/// A line as it can be had now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The product's name.
    pub name: &'a str,
    /// The price of one; the known one if it is gone.
    pub price: Money,
    /// Of the whole line; nothing if the product is gone.
    pub total: Money,
    /// How many there are, as far as is known.
    pub available: u32,
    /// What its customer has to know.
    pub notices: Vec<Notice>,
}

impl<'a> Offer<'a> {
    /// `line` as it can be had if its product is `product` now.
    pub fn new(line: &'a Line, product: Option<&'a ProductCopy>) -> Self {
        let Some(product) = product else {
            return Self {
                name: &line.name,
                price: line.known_price,
                total: Money::zero(line.known_price.currency),
                available: 0,
                notices: vec![Notice::Gone],
            };
        };
        let price = product.price();
        let changed = (price != line.known_price).then_some(Notice::PriceChanged {
            known: line.known_price,
            now: price,
        });
        let available = product.quantity;
        let short = (available < line.quantity).then_some(Notice::InsufficientStock { available });
        let minor = price.minor.saturating_mul(i64::from(line.quantity));
        Self {
            name: &product.name,
            price,
            total: Money::new(minor, price.currency),
            available,
            notices: changed.into_iter().chain(short).collect(),
        }
    }

    /// The notices as one sentence.
    pub fn notice(&self) -> Option<String> {
        let notices: Vec<String> = self.notices.iter().map(ToString::to_string).collect();
        (!notices.is_empty()).then(|| notices.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use events::ProductId;
    use events::money::DEFAULT_CURRENCY;

    use super::*;

    fn notice(price: i64, available: u32, gone: bool) -> (i64, Option<String>) {
        let line = Line {
            product_id: ProductId::from_u128(1),
            name: "chair".to_owned(),
            quantity: 3,
            known_price: Money::new(500, DEFAULT_CURRENCY),
        };
        let product = ProductCopy {
            name: "chair".to_owned(),
            price,
            currency: DEFAULT_CURRENCY,
            quantity: available,
        };
        let offer = Offer::new(&line, (!gone).then_some(&product));
        (offer.total.minor, offer.notice())
    }

    #[test]
    fn a_notice_names_all_that_has_changed() {
        assert_eq!(notice(500, 3, false), (1_500, None));
        let says = |text: &str| Some(text.to_owned());
        let dearer = "its price has changed from 5.00 EUR to 6.00 EUR";
        assert_eq!(notice(600, 3, false), (1_800, says(dearer)));
        let short = "there are only 2 left";
        assert_eq!(notice(500, 2, false), (1_500, says(short)));
        let both = format!("{dearer}; it is sold out");
        assert_eq!(notice(600, 0, false), (1_800, Some(both)));
        assert_eq!(notice(600, 9, true), (0, says("it is not sold any more")));
    }
}
