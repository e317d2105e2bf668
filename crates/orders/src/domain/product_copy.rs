//! What this service knows of a product: a copy of what its owner said last.

use events::{Money, ProductId, ProductState};

/// A product as far as placing an order needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductCopy {
    /// The product.
    pub id: ProductId,
    /// Its name, unique in the shop.
    pub name: String,
    /// The price of one.
    pub price: Money,
    /// How many there were when the owner said so; the owner alone decides.
    pub quantity: u32,
    /// The owner's version of it.
    pub version: u64,
}

impl From<&ProductState> for ProductCopy {
    fn from(state: &ProductState) -> Self {
        Self {
            id: state.product_id,
            name: state.name.clone(),
            price: state.price,
            quantity: state.quantity,
            version: state.version,
        }
    }
}

/// Of several states, the newest of each product that is newer than what `known` says of it.
///
/// This is what keeps a late or repeated event from moving a copy backwards.
pub fn newest<'a>(
    states: impl IntoIterator<Item = &'a ProductState>,
    known: impl Fn(ProductId) -> Option<u64>,
) -> Vec<ProductCopy> {
    let mut newest: std::collections::BTreeMap<ProductId, &ProductState> =
        std::collections::BTreeMap::new();
    for state in states {
        let id = state.product_id;
        let seen = newest
            .get(&id)
            .map(|held| held.version)
            .or_else(|| known(id));
        if seen.is_none_or(|version| state.version > version) {
            newest.insert(id, state);
        }
    }
    newest.into_values().map(ProductCopy::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::money::DEFAULT_CURRENCY;

    fn state(id: u128, version: u64, quantity: u32) -> ProductState {
        ProductState {
            product_id: ProductId::from_u128(id),
            name: format!("p{id}"),
            description: String::new(),
            price: Money::new(100, DEFAULT_CURRENCY),
            quantity,
            stocked: None,
            categories: vec![],
            version,
        }
    }

    #[test]
    fn the_newest_of_each_product_is_kept() {
        let states = [
            state(1, 2, 8),
            state(2, 1, 5),
            state(1, 3, 7),
            state(1, 1, 9),
        ];
        let kept: Vec<_> = newest(&states, |_| None)
            .iter()
            .map(|c| (c.id.as_u128(), c.version))
            .collect();
        assert_eq!(kept, [(1, 3), (2, 1)]);
    }

    #[test]
    fn an_older_or_equal_state_than_the_known_one_is_dropped() {
        let known = |_| Some(5);
        assert!(newest(&[state(1, 4, 1), state(1, 5, 1)], known).is_empty());
        assert_eq!(
            newest(&[state(1, 6, 1), state(1, 4, 2)], known)[0].version,
            6
        );
    }
}
