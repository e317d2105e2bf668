//! The stock engine: who gets what.

use std::collections::{BTreeMap, BTreeSet};

use events::{OrderId, OrderStatus, ProductId, Rejection};

/// So much of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// The product.
    pub product_id: ProductId,
    /// How many, at least 1.
    pub quantity: u64,
}

/// An order as it asks for stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The order.
    pub order_id: OrderId,
    /// What it asks for. A product may be there several times: it counts as their sum.
    pub lines: Vec<Demand>,
}

/// How much there is of a product, as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// How many can still be promised.
    pub quantity: u32,
    /// The version that was read; what is written is guarded by it.
    pub version: u64,
}

/// What becomes of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All that it asks for is promised to it.
    Accepted,
    /// Nothing is promised to it.
    Rejected(Rejection),
}

impl Outcome {
    /// The order's status from now on.
    pub fn status(&self) -> OrderStatus {
        match self {
            Self::Accepted => OrderStatus::Accepted,
            Self::Rejected(_) => OrderStatus::Rejected,
        }
    }

    /// Why not, when it is rejected.
    pub fn reason(&self) -> Option<&Rejection> {
        match self {
            Self::Accepted => None,
            Self::Rejected(reason) => Some(reason),
        }
    }
}

/// The decision about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The order.
    pub order_id: OrderId,
    /// What it asked for, each product once, in the order of first mention.
    pub lines: Vec<Demand>,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// The decisions about a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// One for each order, in the order of arrival.
    pub decisions: Vec<Decision>,
    /// What all accepted orders take together of each product, at least 1 and never more
    /// than there was.
    pub taken: BTreeMap<ProductId, u32>,
}

/// Decides about `orders` in the order of their arrival, with `stock` to promise.
///
/// An order gets all that it asks for or nothing. One that comes twice is decided once. A
/// rejection names the first product of the order that is unknown or short.
pub fn decide(orders: &[Wanted], stock: &BTreeMap<ProductId, Stock>) -> Decisions {
    let mut seen = BTreeSet::new();
    let mut made = Decisions::default();
    for order in orders.iter().filter(|order| seen.insert(order.order_id)) {
        let lines = added_up(&order.lines);
        let outcome = match promise(&lines, stock, &made.taken) {
            Ok(promised) => {
                made.taken.extend(promised);
                Outcome::Accepted
            }
            Err(reason) => Outcome::Rejected(reason),
        };
        made.decisions.push(Decision {
            order_id: order.order_id,
            lines,
            outcome,
        });
    }
    made
}

/// One line for each product. The sender adds them up already; were it to forget, two
/// lines must still not pass the check one by one.
pub fn added_up(lines: &[Demand]) -> Vec<Demand> {
    let mut sums: Vec<Demand> = Vec::with_capacity(lines.len());
    let mut places = BTreeMap::new();
    for line in lines {
        let place = *places.entry(line.product_id).or_insert(sums.len());
        match sums.get_mut(place) {
            Some(sum) => sum.quantity = sum.quantity.saturating_add(line.quantity),
            None => sums.push(*line),
        }
    }
    sums
}

/// What will have been taken of each of the lines' products once they are promised too.
fn promise(
    lines: &[Demand],
    stock: &BTreeMap<ProductId, Stock>,
    taken: &BTreeMap<ProductId, u32>,
) -> Result<Vec<(ProductId, u32)>, Rejection> {
    let mut promised = Vec::with_capacity(lines.len());
    for &Demand {
        product_id,
        quantity,
    } in lines
    {
        let held = stock
            .get(&product_id)
            .ok_or(Rejection::UnknownProduct { product_id })?;
        let gone = taken.get(&product_id).copied().unwrap_or(0);
        let available = held.quantity.saturating_sub(gone);
        match u32::try_from(quantity) {
            Ok(quantity) if quantity <= available => promised.push((product_id, gone + quantity)),
            _ => {
                return Err(Rejection::InsufficientStock {
                    product_id,
                    available,
                });
            }
        }
    }
    Ok(promised)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn product(n: u128) -> ProductId {
        ProductId::from_u128(n)
    }

    fn wanted(order: u128, lines: &[(u128, u64)]) -> Wanted {
        let lines = lines
            .iter()
            .map(|&(n, quantity)| Demand {
                product_id: product(n),
                quantity,
            })
            .collect();
        Wanted {
            order_id: OrderId::from_u128(order),
            lines,
        }
    }

    fn stock(held: &[(u128, u32)]) -> BTreeMap<ProductId, Stock> {
        held.iter()
            .map(|&(n, quantity)| {
                (
                    product(n),
                    Stock {
                        quantity,
                        version: 1,
                    },
                )
            })
            .collect()
    }

    #[test]
    fn an_order_gets_all_or_nothing() {
        let made = decide(&[wanted(1, &[(1, 2), (2, 5)])], &stock(&[(1, 10), (2, 4)]));
        let short = Rejection::InsufficientStock {
            product_id: product(2),
            available: 4,
        };
        assert_eq!(made.decisions[0].outcome, Outcome::Rejected(short));
        assert_eq!(made.taken, BTreeMap::new());
    }

    #[test]
    fn two_lines_of_a_product_count_together() {
        let made = decide(&[wanted(1, &[(1, 3), (1, 3)])], &stock(&[(1, 5)]));
        let short = Rejection::InsufficientStock {
            product_id: product(1),
            available: 5,
        };
        assert_eq!(made.decisions[0].outcome, Outcome::Rejected(short));
        let most = decide(
            &[wanted(1, &[(1, u64::MAX), (1, u64::MAX)])],
            &stock(&[(1, 5)]),
        );
        assert_eq!(most.taken, BTreeMap::new());
    }

    #[test]
    fn an_unknown_product_rejects_its_order_alone() {
        let orders = [wanted(1, &[(1, 1), (9, 1)]), wanted(2, &[(1, 1)])];
        let made = decide(&orders, &stock(&[(1, 1)]));
        let unknown = Rejection::UnknownProduct {
            product_id: product(9),
        };
        assert_eq!(made.decisions[0].outcome, Outcome::Rejected(unknown));
        assert_eq!(made.decisions[1].outcome, Outcome::Accepted);
    }

    #[test]
    fn first_come_first_served_and_a_smaller_one_may_still_fit() {
        let orders = [
            wanted(1, &[(1, 3)]),
            wanted(2, &[(1, 3)]),
            wanted(3, &[(1, 2)]),
        ];
        let made = decide(&orders, &stock(&[(1, 5)]));
        let accepted: Vec<bool> = made
            .decisions
            .iter()
            .map(|made| made.outcome == Outcome::Accepted)
            .collect();
        assert_eq!(accepted, [true, false, true]);
        let short = Rejection::InsufficientStock {
            product_id: product(1),
            available: 2,
        };
        assert_eq!(made.decisions[1].outcome.reason(), Some(&short));
        assert_eq!(made.taken, BTreeMap::from([(product(1), 5)]));
    }

    #[test]
    fn an_order_that_comes_twice_is_decided_once() {
        let order = wanted(1, &[(1, 2)]);
        let made = decide(&[order.clone(), order], &stock(&[(1, 5)]));
        assert_eq!(made.decisions.len(), 1);
        assert_eq!(made.taken, BTreeMap::from([(product(1), 2)]));
    }

    fn batches() -> impl Strategy<Value = (Vec<Wanted>, BTreeMap<ProductId, Stock>)> {
        let line = (0_u128..5, 1_u64..8);
        let order = (0_u128..30, prop::collection::vec(line, 1..5));
        let orders = prop::collection::vec(order, 0..40);
        let held = prop::collection::btree_map(0_u128..4, 0_u32..40, 0..4);
        (orders, held).prop_map(|(orders, held)| {
            let orders = orders
                .iter()
                .map(|(id, lines)| wanted(*id, lines))
                .collect();
            let held: Vec<(u128, u32)> = held.into_iter().collect();
            (orders, stock(&held))
        })
    }

    proptest! {
        #[test]
        fn stock_is_conserved_and_never_below_zero((orders, stock) in batches()) {
            let made = decide(&orders, &stock);
            let mut promised: BTreeMap<ProductId, u64> = BTreeMap::new();
            for decision in &made.decisions {
                if decision.outcome == Outcome::Accepted {
                    for line in &decision.lines {
                        *promised.entry(line.product_id).or_default() += line.quantity;
                    }
                }
            }
            let taken: BTreeMap<ProductId, u64> =
                made.taken.iter().map(|(id, sum)| (*id, u64::from(*sum))).collect();
            prop_assert_eq!(&promised, &taken);
            for (id, sum) in &made.taken {
                prop_assert!(*sum >= 1 && *sum <= stock[id].quantity);
            }
        }

        #[test]
        fn every_order_is_decided_once_in_order_of_arrival((orders, stock) in batches()) {
            let made = decide(&orders, &stock);
            let mut seen = BTreeSet::new();
            let arrived: Vec<OrderId> =
                orders.iter().map(|o| o.order_id).filter(|id| seen.insert(*id)).collect();
            let decided: Vec<OrderId> = made.decisions.iter().map(|d| d.order_id).collect();
            prop_assert_eq!(arrived, decided);
        }

        #[test]
        fn a_batch_is_decided_as_its_orders_one_by_one((orders, stock) in batches()) {
            let mut left = stock.clone();
            let mut seen = BTreeSet::new();
            let mut alone = Vec::new();
            for order in orders.iter().filter(|order| seen.insert(order.order_id)) {
                let made = decide(std::slice::from_ref(order), &left);
                for (id, sum) in &made.taken {
                    left.entry(*id).and_modify(|held| held.quantity -= sum);
                }
                alone.extend(made.decisions);
            }
            prop_assert_eq!(decide(&orders, &stock).decisions, alone);
        }

        #[test]
        fn a_rejection_has_a_reason_that_holds((orders, stock) in batches()) {
            for decision in decide(&orders, &stock).decisions {
                match decision.outcome {
                    Outcome::Accepted => {
                        prop_assert!(decision.lines.iter().all(|l| stock.contains_key(&l.product_id)));
                    }
                    Outcome::Rejected(Rejection::UnknownProduct { product_id }) => {
                        prop_assert!(!stock.contains_key(&product_id));
                    }
                    Outcome::Rejected(Rejection::InsufficientStock { product_id, available }) => {
                        let line = decision.lines.iter().find(|l| l.product_id == product_id);
                        prop_assert!(line.is_some_and(|l| l.quantity > u64::from(available)));
                    }
                }
            }
        }
    }
}
