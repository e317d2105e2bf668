//! Carts, and what the topic says of those that were checked out.

use std::collections::{BTreeMap, BTreeSet};

use carts::domain::{Cart, Checkout, MAX_LINES, MAX_QUANTITY};
use events::{CartCheckout, OrderId};

use super::findings::{Check, Findings};
use super::rules::Scope;

/// What is known of checkouts, by their orders.
#[derive(Default)]
pub(super) struct Checkouts {
    /// Whether each is PENDING.
    owned: BTreeMap<OrderId, bool>,
    /// The newest version of each, and whether it says something personal.
    told: BTreeMap<OrderId, (u64, bool)>,
}

impl Checkouts {
    /// Takes note of a row.
    pub(super) fn own(&mut self, checkout: &Checkout) {
        self.owned.insert(checkout.order_id, checkout.is_pending());
    }

    /// Takes note of an event.
    pub(super) fn tell(&mut self, event: &CartCheckout) {
        let personal = event.payment.is_some() || event.delivery.is_some();
        self.told.insert(event.order_id, (event.version, personal));
    }

    /// Holds rows and topic against each other.
    pub(super) fn judge(self, scope: Scope, findings: &mut Findings) {
        let rule = "each is open in its topic exactly while it is PENDING; a closed one says nothing personal";
        let mut check = Check::new("checkouts-published", "checkouts", rule);
        if scope == Scope::Databases {
            findings.add(check.skipped());
            return;
        }
        check.looked_at = self.owned.len() as u64;
        for (id, pending) in &self.owned {
            let said = self.told.get(id).map(|(version, _)| *version);
            if said != Some(if *pending { 1 } else { 2 }) {
                let is = if *pending { "PENDING" } else { "closed" };
                let said =
                    said.map_or("nothing".to_owned(), |version| format!("version {version}"));
                check.off(|| format!("the checkout of order {id} is {is}; its topic says {said}"));
            }
        }
        for (id, (version, personal)) in &self.told {
            if *version == 1 && !self.owned.contains_key(id) {
                check.off(|| format!("the checkout of order {id} is open in its topic only"));
            }
            if *version > 1 && *personal {
                check.off(|| format!("the closed checkout of order {id} has payment or delivery"));
            }
        }
        findings.add(check);
    }
}

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
    use carts::domain::{CheckoutStatus, Line};
    use events::money::DEFAULT_CURRENCY;
    use events::{AccountId, Money, PaymentChoice, ProductId};

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
                rejection: None,
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

    /// What is off when there is a row of this status, and the topic says this version.
    fn differs(row: Option<CheckoutStatus>, told: Option<u64>, personal: bool) -> usize {
        let (order_id, account_id) = (OrderId::from_u128(1), AccountId::from_u128(1));
        let mut checkouts = Checkouts::default();
        if let Some(status) = row {
            checkouts.own(&Checkout {
                order_id,
                account_id,
                status,
                lines: Vec::new(),
                reason: None,
                asked: None,
                expires_at: None,
            });
        }
        if let Some(version) = told {
            checkouts.tell(&CartCheckout {
                order_id,
                customer_id: account_id,
                lines: Vec::new(),
                total: Money::zero(DEFAULT_CURRENCY),
                payment: personal.then_some(PaymentChoice::Later),
                delivery: None,
                version,
            });
        }
        let mut findings = Findings::default();
        checkouts.judge(Scope::Whole, &mut findings);
        findings.differences.len()
    }

    #[test]
    fn a_checkout_and_its_topic_are_held_against_each_other() {
        let (pending, placed) = (CheckoutStatus::Pending, CheckoutStatus::Placed);
        let fine = [
            (None, None, false),
            (Some(pending), Some(1), true),
            (Some(placed), Some(2), false),
            // It was removed after its time.
            (None, Some(2), false),
        ];
        for (row, told, personal) in fine {
            assert_eq!(differs(row, told, personal), 0, "{row:?} {told:?}");
        }
        let off = [
            (Some(pending), None, false),
            (Some(pending), Some(2), false),
            (Some(placed), Some(1), true),
            (Some(placed), Some(2), true),
            (None, Some(1), true),
        ];
        for (row, told, personal) in off {
            assert_eq!(differs(row, told, personal), 1, "{row:?} {told:?}");
        }
    }
}
