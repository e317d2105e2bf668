//! Carts: whether each is one.

use std::collections::BTreeSet;

use carts::domain::{Cart, MAX_LINES, MAX_QUANTITY};

use super::findings::Check;

/// The rule about carts.
pub(super) fn rule() -> Check {
    let rule = "each has a product once, within the limits; a closed one is empty";
    Check::new("carts-sound", "carts", rule)
}

/// What is wrong with `cart`.
pub(super) fn fault(cart: &Cart) -> Option<String> {
    let (id, lines) = (cart.id, &cart.lines);
    let products: BTreeSet<_> = lines.iter().map(|line| line.product_id).collect();
    let limits = 1..=MAX_QUANTITY;
    let wrong = lines.iter().find(|line| !limits.contains(&line.quantity));
    if cart.closed && !lines.is_empty() {
        Some(format!("cart {id} is closed and has {} lines", lines.len()))
    } else if lines.len() > MAX_LINES {
        Some(format!("cart {id} has {} lines", lines.len()))
    } else if products.len() < lines.len() {
        Some(format!("cart {id} has a product twice"))
    } else {
        let what = |product, quantity| format!("cart {id} has {quantity} of product {product}");
        wrong.map(|line| what(line.product_id, line.quantity))
    }
}

#[cfg(test)]
mod tests {
    use carts::domain::Line;
    use events::money::DEFAULT_CURRENCY;
    use events::{AccountId, Money, ProductId};

    use super::*;

    fn found(quantities: &[(u128, u32)], closed: bool) -> Option<String> {
        let mut cart = Cart::of_account(AccountId::from_u128(1));
        cart.closed = closed;
        cart.lines
            .extend(quantities.iter().map(|(id, quantity)| Line {
                product_id: ProductId::from_u128(*id),
                name: "chair".to_owned(),
                quantity: *quantity,
                known_price: Money::zero(DEFAULT_CURRENCY),
            }));
        fault(&cart)
    }

    #[test]
    fn each_way_to_be_none_is_found() {
        assert_eq!(found(&[(1, 1), (2, MAX_QUANTITY)], false), None);
        assert_eq!(found(&[], true), None);
        let lines: Vec<_> = (0..=MAX_LINES as u128).map(|id| (id, 1)).collect();
        for (lines, closed, part) in [
            (&[(1, 1)][..], true, "is closed"),
            (&[(1, 1), (1, 1)], false, "twice"),
            (&[(1, 0)], false, "has 0 of"),
            (&[(1, MAX_QUANTITY + 1)], false, "has 1000001 of"),
            (&lines, false, "has 101 lines"),
        ] {
            let fault = found(lines, closed).unwrap();
            assert!(fault.contains(part), "{fault}");
        }
    }
}
