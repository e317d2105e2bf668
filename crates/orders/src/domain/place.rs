//! Whether an order can be placed, and what it costs.

use events::{Asks, Money, OrderLine, ProductId};

use super::{Basket, Identity, Item, Order, ProductCopy, Refusal};

/// What an order asks for. Nobody delivers yet: where it goes is published with its details, and it rests
/// once it is paid for.
pub const fn asks(payment: bool) -> Asks {
    Asks {
        payment,
        delivery: false,
    }
}

/// Decides about an order by what is known of the products of these names; the first reason found
/// is the answer.
///
/// The stock check here only spares the customer a wait: it looks at a copy, and the products
/// service decides for good.
///
/// # Errors
/// When a product is unknown or has another price than expected, there is less of it than wanted, or the sum
/// can't be had.
pub fn place(
    who: Identity,
    basket: &Basket,
    catalogue: impl Fn(&Item) -> Option<(ProductId, ProductCopy)>,
) -> Result<Order, Refusal> {
    let mut lines = Vec::with_capacity(basket.items().len());
    let mut total: Option<Money> = None;
    for item in basket.items() {
        let (product_id, product) = catalogue(item).ok_or_else(|| Refusal::UnknownProduct {
            name: item.name.clone(),
        })?;
        if item.quantity > product.quantity {
            return Err(Refusal::InsufficientStock {
                name: item.name.clone(),
                wanted: item.quantity,
                available: product.quantity,
            });
        }
        let price = product.price();
        if item.price.is_some_and(|expected| expected != price) {
            return Err(Refusal::PriceChanged {
                name: item.name.clone(),
                price,
            });
        }
        let cost = price
            .times(item.quantity)
            .map_err(|_| Refusal::TooExpensive)?;
        total = Some(match total {
            None => cost,
            Some(sum) if sum.currency != cost.currency => {
                return Err(Refusal::MixedCurrencies {
                    name: item.name.clone(),
                });
            }
            Some(sum) => sum.plus(cost).map_err(|_| Refusal::TooExpensive)?,
        });
        lines.push(OrderLine {
            product_id,
            name: product.name,
            quantity: item.quantity,
            unit_price: price,
            seller: None,
        });
    }
    let total = total.ok_or(Refusal::Empty)?;
    Ok(Order::placed(who, lines, total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Author, RawLine, Step};
    use events::money::DEFAULT_CURRENCY;
    use events::{AccountId, OrderId, OrderStatus};
    use jiff::Timestamp;

    fn catalogue(item: &Item) -> Option<(ProductId, ProductCopy)> {
        let (id, minor, quantity) = match item.key.as_str() {
            "chair" => (1, 2999, 30),
            "cup" => (2, 599, 200),
            "gold" => (3, i64::MAX / 2, 5),
            _ => return None,
        };
        let product = ProductCopy {
            name: item.key.clone(),
            price: minor,
            currency: DEFAULT_CURRENCY,
            quantity,
        };
        Some((ProductId::from_u128(id), product))
    }

    fn who() -> Identity {
        Identity {
            id: OrderId::from_u128(7),
            customer: AccountId::from_u128(8),
            asks: Asks::NOTHING,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    fn order(lines: &[(&str, i64)]) -> Result<Order, Refusal> {
        let basket = Basket::new(lines.iter().map(|(n, q)| ((*n).to_owned(), *q)))?;
        place(who(), &basket, catalogue)
    }

    #[test]
    fn an_order_is_pending_and_costs_the_sum_of_its_lines() {
        let order = order(&[("chair", 2), ("cup", 10)]).unwrap();
        assert_eq!(
            order.total,
            Money::new(2 * 2999 + 10 * 599, DEFAULT_CURRENCY)
        );
        assert_eq!((order.status, order.version), (OrderStatus::Pending, 1));
        assert_eq!(order.history.len(), 1);
        assert_eq!(order.to_event().lines, order.lines);
    }

    #[test]
    fn two_lines_of_one_product_are_checked_together() {
        assert!(order(&[("chair", 30)]).is_ok());
        assert_eq!(
            order(&[("chair", 20), ("chair", 20)]),
            Err(Refusal::InsufficientStock {
                name: "chair".into(),
                wanted: 40,
                available: 30
            })
        );
    }

    #[test]
    fn an_unknown_product_is_named() {
        assert_eq!(
            order(&[("Chair", 1), ("Sofa", 1)]),
            Err(Refusal::UnknownProduct {
                name: "Sofa".into()
            })
        );
    }

    #[test]
    fn a_price_is_what_the_customer_expects_or_the_new_one_is_said() {
        let at = |minor| {
            let line = RawLine {
                name: "chair".to_owned(),
                quantity: 1,
                price: Some(Money::new(minor, DEFAULT_CURRENCY)),
            };
            place(who(), &Basket::new([line])?, catalogue)
        };
        assert!(at(2999).is_ok());
        for other in [2998, 3000, 0] {
            let name = "chair".to_owned();
            let price = Money::new(2999, DEFAULT_CURRENCY);
            assert_eq!(at(other), Err(Refusal::PriceChanged { name, price }));
        }
    }

    #[test]
    fn a_cost_beyond_counting_is_refused() {
        assert_eq!(order(&[("gold", 3)]), Err(Refusal::TooExpensive));
        assert_eq!(
            order(&[("gold", 2), ("cup", 1), ("chair", 1)]),
            Err(Refusal::TooExpensive)
        );
    }

    #[test]
    fn the_answer_of_a_repeated_request_is_the_first_one() {
        let placed = order(&[("cup", 1)]).unwrap();
        let mut settled = placed.clone();
        let at = Timestamp::UNIX_EPOCH;
        let step = Step {
            status: OrderStatus::Accepted,
            at,
            by: Author::Products,
            reason: None,
            note: None,
        };
        settled.take(step, at);
        assert_eq!(settled.as_placed(), placed);
    }
}
