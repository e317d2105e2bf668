//! Rules of the stock and its copies.

use std::collections::BTreeMap;

use events::{OrderStatus, ProductId};

use super::{Books, Topics};
use crate::customers::Memory;

/// What was put in less what was promised is what is left.
pub(super) fn adds_up(books: &Books, memory: &Memory, off: &mut Vec<String>) {
    let mut given: BTreeMap<ProductId, u64> = BTreeMap::new();
    for kept in books.products.reservations.values() {
        if kept.decision.outcome.status() == OrderStatus::Accepted {
            for line in &kept.decision.lines {
                *given.entry(line.product_id).or_default() += line.quantity;
            }
        }
    }
    for (id, product) in &books.products.products {
        let (given, left) = (
            given.get(id).copied().unwrap_or_default(),
            product.state.quantity,
        );
        if product.stocked != given + u64::from(left) {
            off.push(format!(
                "{}: {} stocked, {given} given to orders, {left} left",
                product.state.name, product.stocked
            ));
        }
        let raised = u64::try_from(product.raises.len()).unwrap_or_default();
        let (sure, perhaps) = memory.raised.get(id).copied().unwrap_or_default();
        // What was put in at first is from 1 to 12.
        let (least, most) = (sure + 1, sure + perhaps + 12);
        if !(least..=most).contains(&product.stocked) {
            off.push(format!(
                "{}: {} stocked after {raised} raises, of which {sure} were acknowledged and \
                 {perhaps} may have been",
                product.state.name, product.stocked
            ));
        }
    }
}

/// The copies that orders keep equal what their owner has.
pub(super) fn copies(books: &Books, said: &Topics, off: &mut Vec<String>) {
    for (id, product) in &books.products.products {
        if said.products.expected.keys.contains(&id.to_string()) {
            continue;
        }
        let owner = &product.state;
        match books.orders.copies.get(id) {
            None => off.push(format!("orders knows nothing of {}", owner.name)),
            Some(copy)
                if (copy.version, copy.quantity, copy.price, &copy.name)
                    != (owner.version, owner.quantity, owner.price, &owner.name) =>
            {
                off.push(format!(
                    "{}: {} left at version {}, but orders believes {} at version {}",
                    owner.name, owner.quantity, owner.version, copy.quantity, copy.version
                ));
            }
            Some(_) => {}
        }
    }
    let owned = &books.products.products;
    let foreign = books
        .orders
        .copies
        .keys()
        .filter(|id| !owned.contains_key(id));
    off.extend(foreign.map(|id| format!("orders knows a product {id} that is not")));
}
