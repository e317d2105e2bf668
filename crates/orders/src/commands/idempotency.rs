//! What makes two orders the same request.

use events::{AccountId, Address, PaymentChoice};
use outbox::idempotency::{Fingerprint, RetryKey};

use crate::domain::Basket;

/// The digests of `key` as `customer` sent it with `basket`: the products and quantities, lines of one
/// product added up, what they are expected to cost, how it is paid for and where it goes.
pub fn retry_key(
    customer: AccountId,
    key: &str,
    basket: &Basket,
    payment: Option<&PaymentChoice>,
    delivery: Option<&Address>,
) -> RetryKey {
    let asked = Fingerprint::default();
    let asked = basket.items().iter().fold(asked, |asked, item| {
        let quantity = item.quantity.to_be_bytes();
        let asked = asked.text(&item.name).value(quantity);
        match item.price {
            None => asked,
            Some(price) => asked.text("at").text(&price.to_string()),
        }
    });
    let asked = match payment {
        None => asked,
        Some(PaymentChoice::Card { token }) => asked.text("card").text(token),
        Some(PaymentChoice::Balance) => asked.text("balance"),
        Some(PaymentChoice::Later) => asked.text("later"),
    };
    let asked = match delivery {
        None => asked,
        Some(to) => [&to.name, &to.street, &to.city, &to.postal_code, &to.country]
            .into_iter()
            .fold(asked.text("to"), |asked, field| asked.text(field)),
    };
    RetryKey::new(customer.as_bytes(), key, asked)
}

#[cfg(test)]
mod tests {
    use events::Money;
    use events::money::DEFAULT_CURRENCY;

    use super::*;
    use crate::domain::RawLine;

    fn key(customer: u128, key: &str, lines: &[(&str, i64)]) -> RetryKey {
        let basket = Basket::new(lines.iter().map(|(n, q)| ((*n).to_owned(), *q))).unwrap();
        retry_key(AccountId::from_u128(customer), key, &basket, None, None)
    }

    #[test]
    fn the_same_request_has_the_same_digests() {
        assert_eq!(
            key(1, "a", &[("cup", 2)]),
            key(1, "a", &[("cup", 1), ("cup", 1)])
        );
    }

    #[test]
    fn another_price_is_another_request() {
        let digest = |minor: Option<i64>| {
            let line = RawLine {
                name: "cup".to_owned(),
                quantity: 1,
                price: minor.map(|minor| Money::new(minor, DEFAULT_CURRENCY)),
            };
            let basket = Basket::new([line]).unwrap();
            retry_key(AccountId::from_u128(1), "a", &basket, None, None).body
        };
        assert_eq!(digest(Some(599)), digest(Some(599)));
        assert_ne!(digest(Some(599)), digest(Some(600)));
        assert_ne!(digest(Some(599)), digest(None));
    }

    #[test]
    fn another_customer_key_or_body_differs() {
        let first = key(1, "a", &[("cup", 2), ("chair", 1)]);
        assert_ne!(first.key, key(2, "a", &[("cup", 2)]).key);
        assert_ne!(first.key, key(1, "b", &[("cup", 2)]).key);
        for other in [&[("cup", 3), ("chair", 1)], &[("cup", 2), ("chairs", 1)]] {
            assert_ne!(first.body, key(1, "a", other).body);
        }
    }
}
