//! How much of a product there may be, and putting more of it in.

use events::ProductState;

use super::refusal::Refusal;

/// The most of one product that the shop keeps.
pub(super) const MOST_STOCK: u32 = 1_000_000_000;

/// The most that can be put in at a time: a slip of a digit is caught.
const MOST_AT_ONCE: u32 = 1_000_000;

/// `product` with `by` more of it.
///
/// # Errors
/// [`Refusal::InvalidRaise`] when `by` is not 1 to 1,000,000; [`Refusal::TooMuchStock`]
/// when there would be over 1,000,000,000.
pub fn restocked(product: &ProductState, by: i64) -> Result<ProductState, Refusal> {
    let more = u32::try_from(by)
        .ok()
        .filter(|more| (1..=MOST_AT_ONCE).contains(more))
        .ok_or(Refusal::InvalidRaise {
            asked: by,
            most: MOST_AT_ONCE,
        })?;
    let quantity = product
        .quantity
        .checked_add(more)
        .filter(|sum| *sum <= MOST_STOCK);
    let quantity = quantity.ok_or_else(|| Refusal::TooMuchStock {
        name: product.name.clone(),
        asked: more,
        held: product.quantity,
        most: MOST_STOCK,
    })?;
    Ok(ProductState {
        quantity,
        stocked: product.stocked.map(|stocked| stocked + u64::from(more)),
        version: product.version + 1,
        ..product.clone()
    })
}

/// `product` with `quantity` of it given back, and that as it is counted in stock; `None` when there
/// would be more than can be counted. What was ever put in stays.
pub fn release(product: &ProductState, quantity: u64) -> Option<(ProductState, u32)> {
    let returned = u32::try_from(quantity).ok()?;
    let after = ProductState {
        quantity: product.quantity.checked_add(returned)?,
        version: product.version + 1,
        ..product.clone()
    };
    Some((after, returned))
}

#[cfg(test)]
mod tests {
    use events::money::DEFAULT_CURRENCY;
    use events::{Money, ProductId};

    use super::*;

    fn chair(quantity: u32) -> ProductState {
        ProductState {
            product_id: ProductId::from_u128(7),
            name: "chair".into(),
            description: "to sit on".into(),
            price: Money::new(2_999, DEFAULT_CURRENCY),
            quantity,
            stocked: Some(50),
            categories: vec!["furniture".into()],
            version: 3,
        }
    }

    #[test]
    fn more_is_more_and_newer() {
        let after = restocked(&chair(30), 12).unwrap();
        assert_eq!(
            (after.quantity, after.stocked, after.version),
            (42, Some(62), 4)
        );
        assert_eq!(
            restocked(&chair(MOST_STOCK - 1), 1).unwrap().quantity,
            MOST_STOCK
        );
    }

    #[test]
    fn nothing_less_and_far_too_much_are_refused() {
        for by in [0, -1, i64::MIN, 1_000_001, i64::MAX] {
            let refused = restocked(&chair(30), by);
            assert_eq!(
                refused,
                Err(Refusal::InvalidRaise {
                    asked: by,
                    most: 1_000_000
                })
            );
        }
    }

    #[test]
    fn what_comes_back_was_put_in_before() {
        let (after, returned) = release(&chair(30), 12).unwrap();
        assert_eq!(returned, 12);
        assert_eq!(
            (after.quantity, after.stocked, after.version),
            (42, Some(50), 4)
        );
        assert_eq!(release(&chair(u32::MAX), 1), None);
        assert_eq!(release(&chair(0), u64::from(u32::MAX) + 1), None);
    }

    #[test]
    fn stock_does_not_overflow() {
        let refused = restocked(&chair(MOST_STOCK), 1);
        assert!(matches!(
            refused,
            Err(Refusal::TooMuchStock {
                held: MOST_STOCK,
                ..
            })
        ));
    }
}
