//! Rules of the stock and its copies.

use std::collections::{BTreeMap, BTreeSet};

use events::{OrderStatus, ProductId};
use orders::domain::ProductCopy;
use uuid::Uuid;

use super::books::{Snapshot, Topics};
use crate::customers::{Memory, Stocked};

/// What was put in less what was promised is what is left.
pub(super) fn adds_up(snapshot: &Snapshot, memory: &Memory, off: &mut Vec<String>) {
    let mut given: BTreeMap<ProductId, u64> = BTreeMap::new();
    for kept in snapshot.products.stock_decisions.values() {
        if kept.decision.outcome.status() == OrderStatus::Accepted && kept.released_at.is_none() {
            for line in &kept.decision.lines {
                *given.entry(line.product_id).or_default() += line.quantity;
            }
        }
    }
    for (id, product) in &snapshot.products.products {
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
        let Some(put_in) = memory.stocked.get(id) else {
            off.push(format!("nobody has put in {}", product.state.name));
            continue;
        };
        if !put_in.comes_to(product.stocked, product.restocks.len()) {
            off.push(format!(
                "{}: {} stocked by {} restocks, but the admin put in {put_in:?}",
                product.state.name,
                product.stocked,
                product.restocks.len()
            ));
        }
    }
}

/// What a cancelled order was given is given back, and nothing of another one, unless its messages wait
/// behind one that can't be read.
pub(super) fn released(snapshot: &Snapshot, topics: &Topics, off: &mut Vec<String>) {
    for (id, kept) in &snapshot.products.stock_decisions {
        let Some(order) = snapshot.orders.orders.get(id) else {
            continue;
        };
        let given = kept.decision.outcome.status() == OrderStatus::Accepted;
        let due = given && order.status == OrderStatus::Cancelled;
        let waits = topics.orders.expected.keys.contains(&id.to_string());
        if kept.released_at.is_some() != due && !(due && waits) {
            off.push(format!(
                "order {id} is {}, was {}, and gave back at {:?}",
                order.status.name(),
                kept.decision.outcome.status().name(),
                kept.released_at
            ));
        }
    }
}

impl Stocked {
    /// Whether it can be `sum` by `restocks` restocks: all that were acknowledged, and some of
    /// those that were not, each once.
    fn comes_to(&self, sum: u64, restocks: usize) -> bool {
        let sure = self.initial + self.sure.iter().sum::<u64>();
        let mut possible = BTreeSet::from([(sure, self.sure.len())]);
        for more in &self.unheard {
            let applied = |&(sum, restocks): &(u64, usize)| (sum + more, restocks + 1);
            let with_it: Vec<_> = possible.iter().map(applied).collect();
            possible.extend(with_it);
        }
        possible.contains(&(sum, restocks))
    }
}

/// The copies that orders keep equal what their owner has.
pub(super) fn copies(snapshot: &Snapshot, topics: &Topics, off: &mut Vec<String>) {
    for (id, product) in &snapshot.products.products {
        if topics.products.expected.keys.contains(&id.to_string()) {
            continue;
        }
        let owner = &product.state;
        match snapshot
            .orders
            .copies
            .get(&Uuid::from_bytes(id.into_bytes()))
        {
            None => off.push(format!("orders knows nothing of {}", owner.name)),
            Some(copy)
                if (copy.version, &copy.state) != (owner.version, &ProductCopy::from(owner)) =>
            {
                off.push(format!(
                    "{}: {} left at version {}, but orders believes {} at version {}",
                    owner.name, owner.quantity, owner.version, copy.state.quantity, copy.version
                ));
            }
            Some(_) => {}
        }
    }
    let owned = &snapshot.products.products;
    let foreign = snapshot
        .orders
        .copies
        .keys()
        .filter(|id| !owned.contains_key(&ProductId::from_bytes(id.into_bytes())));
    off.extend(foreign.map(|id| format!("orders knows a product {id} that is not")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_or_doubled_restock_does_not_add_up() {
        let put_in = Stocked {
            initial: 5,
            sure: vec![3],
            unheard: vec![1],
        };
        assert!(put_in.comes_to(8, 1) && put_in.comes_to(9, 2));
        for (sum, restocks) in [(5, 0), (6, 1), (11, 2), (10, 3), (9, 1)] {
            assert!(!put_in.comes_to(sum, restocks), "{sum} by {restocks}");
        }
    }
}
