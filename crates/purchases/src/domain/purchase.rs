//! A purchase as its sender tells it, every field looked at.

use events::decimal::Decimal;
use thiserror::Error;

/// The most characters of a field.
const LONGEST: usize = 200;

/// A purchase. Its values are texts, as its sender wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// Who bought.
    pub username: String,
    /// The buyer's id, in the sender's own form.
    pub userid: String,
    /// What it cost: a decimal number.
    pub price: String,
    /// When it was bought, in the sender's own form.
    pub timestamp: String,
}

/// A field that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidPurchase {
    /// It is empty, too long, or holds what nobody can read.
    #[error("{field} must have 1 to {LONGEST} visible characters")]
    Text {
        /// Its name.
        field: &'static str,
    },
    /// The price is not an amount.
    #[error(
        "price must be a decimal number that is not negative, such as \"19.99\"; it is {price:?}"
    )]
    Price {
        /// What was sent.
        price: String,
    },
}

impl InvalidPurchase {
    /// The field that is wrong.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Text { field } => field,
            Self::Price { .. } => "price",
        }
    }
}

impl Purchase {
    /// The purchase of these values.
    ///
    /// # Errors
    /// The first field that is not taken.
    pub fn new(
        username: String,
        userid: String,
        price: String,
        timestamp: String,
    ) -> Result<Self, InvalidPurchase> {
        for (field, text) in [
            ("username", &username),
            ("userid", &userid),
            ("price", &price),
            ("timestamp", &timestamp),
        ] {
            let blank = text.trim().is_empty() || text.chars().any(char::is_control);
            if blank || text.chars().count() > LONGEST {
                return Err(InvalidPurchase::Text { field });
            }
        }
        match price.trim().parse::<Decimal>() {
            // Kept as it is written, for readers that may know no exponents.
            Ok(amount) if !amount.is_negative() && !price.contains(['e', 'E']) => {}
            _ => return Err(InvalidPurchase::Price { price }),
        }
        Ok(Self {
            username,
            userid,
            price,
            timestamp,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purchase(values: [&str; 4]) -> Result<Purchase, InvalidPurchase> {
        let [username, userid, price, timestamp] = values.map(str::to_owned);
        Purchase::new(username, userid, price, timestamp)
    }

    #[test]
    fn what_clients_send_is_taken_as_it_is() {
        let taken = purchase(["ann", "17", "19.99", "2026-11-26T20:00:00Z"]).unwrap();
        assert_eq!((&*taken.username, &*taken.price), ("ann", "19.99"));
        for price in [
            "0",
            "-0",
            "10",
            "0.5",
            "1000000",
            "0.0000000000000000000000000000001",
        ] {
            assert!(
                purchase(["ann", "17", price, "1764187200000"]).is_ok(),
                "{price}"
            );
        }
    }

    #[test]
    fn every_field_is_looked_at() {
        let long = "x".repeat(LONGEST + 1);
        for (place, field) in ["username", "userid", "price", "timestamp"]
            .into_iter()
            .enumerate()
        {
            for wrong in ["", "  ", "a\u{0}b", long.as_str()] {
                let mut values = ["ann", "17", "19.99", "now"];
                values[place] = wrong;
                let refused = purchase(values).unwrap_err();
                assert_eq!(refused.field(), field, "{wrong:?}");
            }
        }
        for price in [
            "-1", "free", "1,50", "1e3", "NaN", "1_000", "+5", ".5", "5.",
        ] {
            let refused = purchase(["ann", "17", price, "now"]).unwrap_err();
            assert_eq!(refused.field(), "price", "{price}");
        }
    }
}
