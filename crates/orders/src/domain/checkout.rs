//! The order that a cart becomes.

use events::{CartCheckout, CheckoutRejection, Money, OrderLine, ProductId, Reason};
use jiff::Timestamp;
use thiserror::Error;

use super::{Identity, Order, asks};

/// What a product costs by a version of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownPrice {
    /// The owner's version of the product.
    pub version: u64,
    /// What one costs then.
    pub price: Money,
}

/// Why a checkout is none. No service of the shop publishes such a one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidCheckout {
    /// It has no line, or none of a product.
    #[error("it has no line, or a line that wants none")]
    Empty,
    /// Its lines are not its total.
    #[error("its lines do not add up to its total")]
    Total,
}

/// The order that `checkout` becomes at `now`: PENDING at the prices that its customer saw, or REJECTED when
/// one of them is known to be another by a newer version of its product than the cart had. Where this service
/// is behind the cart, or as far, the cart is right. Stock is not looked at: products decides it.
///
/// # Errors
/// When it can't be an order at all.
pub fn of_checkout(
    checkout: &CartCheckout,
    known: impl Fn(ProductId) -> Option<KnownPrice>,
    now: Timestamp,
) -> Result<Order, InvalidCheckout> {
    let mut total = Money::zero(checkout.total.currency);
    let mut changed = None;
    let mut lines = Vec::with_capacity(checkout.lines.len());
    for line in &checkout.lines {
        if line.quantity == 0 {
            return Err(InvalidCheckout::Empty);
        }
        let cost = line.unit_price.times(line.quantity);
        let sum = cost.and_then(|cost| total.plus(cost));
        total = sum.map_err(|_| InvalidCheckout::Total)?;
        let product_id = line.product_id;
        let newer = known(product_id).filter(|it| it.version > line.product_version);
        if let Some(KnownPrice { price, .. }) = newer
            && price != line.unit_price
        {
            changed.get_or_insert(CheckoutRejection::PriceChanged { product_id, price });
        }
        lines.push(OrderLine {
            product_id,
            name: line.name.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            seller: line.seller,
        });
    }
    if lines.is_empty() {
        return Err(InvalidCheckout::Empty);
    }
    if total != checkout.total {
        return Err(InvalidCheckout::Total);
    }
    let who = Identity {
        id: checkout.order_id,
        customer: checkout.customer_id,
        asks: asks(true),
        now,
    };
    let order = Order::placed(who, lines, total);
    Ok(match changed {
        None => order,
        Some(why) => order.rejected(Reason::Checkout(why)),
    })
}

#[cfg(test)]
mod tests {
    use events::money::DEFAULT_CURRENCY;
    use events::{AccountId, CheckoutLine, OrderId, OrderStatus};

    use super::*;

    const SEEN: u64 = 5;

    fn euros(minor: i64) -> Money {
        Money::new(minor, DEFAULT_CURRENCY)
    }

    fn line(product: u128, quantity: u32, minor: i64) -> CheckoutLine {
        CheckoutLine {
            product_id: ProductId::from_u128(product),
            name: "chair".to_owned(),
            quantity,
            unit_price: euros(minor),
            seller: None,
            product_version: SEEN,
        }
    }

    fn checkout(lines: Vec<CheckoutLine>, total: i64) -> CartCheckout {
        CartCheckout {
            order_id: OrderId::from_u128(7),
            customer_id: AccountId::from_u128(8),
            lines,
            total: euros(total),
            payment: None,
            delivery: None,
            version: 1,
        }
    }

    fn order(known: Option<(u64, i64)>) -> Order {
        let checkout = checkout(vec![line(1, 2, 300), line(2, 1, 50)], 650);
        let known = |product| {
            let (version, minor) = known.filter(|_| product == ProductId::from_u128(2))?;
            let price = euros(minor);
            Some(KnownPrice { version, price })
        };
        of_checkout(&checkout, known, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_cart_is_an_order_at_the_prices_that_were_seen() {
        for known in [None, Some((SEEN + 1, 50)), Some((SEEN, 60)), Some((1, 60))] {
            let order = order(known);
            assert_eq!((order.status, order.version), (OrderStatus::Pending, 1));
            assert_eq!((order.total, order.lines.len()), (euros(650), 2));
            assert!(order.asks.payment, "{known:?}");
        }
    }

    #[test]
    fn a_newer_price_rejects_it_at_its_first_version() {
        for minor in [49, 60] {
            let order = order(Some((SEEN + 1, minor)));
            let reason = Some(Reason::Checkout(CheckoutRejection::PriceChanged {
                product_id: ProductId::from_u128(2),
                price: euros(minor),
            }));
            assert_eq!((order.status, order.version), (OrderStatus::Rejected, 1));
            assert_eq!((&order.reason, order.history.len()), (&reason, 1));
            let update = order.to_update();
            assert_eq!((update.version, update.reason), (1, reason));
            assert_eq!(order.to_closed_details(), None);
        }
    }

    #[test]
    fn what_does_not_add_up_is_no_order() {
        for (lines, total, why) in [
            (vec![], 0, InvalidCheckout::Empty),
            (vec![line(1, 0, 300)], 0, InvalidCheckout::Empty),
            (vec![line(1, 1, 300)], 299, InvalidCheckout::Total),
            (vec![line(1, 3, i64::MAX)], 3, InvalidCheckout::Total),
        ] {
            let refused = of_checkout(&checkout(lines, total), |_| None, Timestamp::UNIX_EPOCH);
            assert_eq!(refused, Err(why));
        }
    }
}
