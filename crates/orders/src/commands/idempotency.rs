//! What makes two requests the same one.

use events::AccountId;
use sha2::{Digest as _, Sha256};

use crate::domain::Basket;
use crate::store::Digest;

/// A request's `Idempotency-Key` and what it asks for.
///
/// The rule is the IETF draft's (draft-ietf-httpapi-idempotency-key-header): the same key with the
/// same request gets the same answer, with another request it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryKey {
    /// The customer and the key: two customers may choose the same key.
    pub key: Digest,
    /// The products and quantities, lines of one product added up.
    pub body: Digest,
}

impl RetryKey {
    /// The digest of `key` as `customer` sent it with `basket`.
    pub fn new(customer: AccountId, key: &str, basket: &Basket) -> Self {
        let mut body = Sha256::new();
        for item in basket.items() {
            // With its length before it, no name can look like the next line.
            body.update(item.name.len().to_be_bytes());
            body.update(item.name.as_bytes());
            body.update(item.quantity.to_be_bytes());
        }
        let key = Sha256::new()
            .chain_update(customer.as_bytes())
            .chain_update(key);
        Self {
            key: key.finalize().into(),
            body: body.finalize().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(customer: u128, key: &str, lines: &[(&str, i64)]) -> RetryKey {
        let basket = Basket::new(lines.iter().map(|(n, q)| ((*n).to_owned(), *q))).unwrap();
        RetryKey::new(AccountId::from_u128(customer), key, &basket)
    }

    #[test]
    fn the_same_request_has_the_same_digests() {
        assert_eq!(
            key(1, "a", &[("cup", 2)]),
            key(1, "a", &[("cup", 1), ("cup", 1)])
        );
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
