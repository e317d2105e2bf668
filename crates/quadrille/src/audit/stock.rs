//! Products: the owner's tables, and what the topic says of them.

use std::collections::BTreeMap;

use events::{ProductId, ProductState};
use products::store::audit::AuditedProduct;

use super::findings::{Check, Findings};
use super::rules::Scope;

/// What is known of products.
#[derive(Default)]
pub(super) struct Stock {
    owned: BTreeMap<ProductId, AuditedProduct>,
    /// How many of each were given to accepted orders.
    given: BTreeMap<ProductId, u64>,
    /// The newest that the topic says of each.
    said: BTreeMap<ProductId, ProductState>,
    /// Versions that the topic has in two forms.
    contradicted: BTreeMap<ProductId, u64>,
}

impl Stock {
    pub(super) fn own(&mut self, product: AuditedProduct) {
        self.owned.insert(product.state.product_id, product);
    }

    pub(super) fn give(&mut self, lines: &[(ProductId, u64)]) {
        for (product, quantity) in lines {
            *self.given.entry(*product).or_default() += quantity;
        }
    }

    pub(super) fn say(&mut self, state: ProductState) {
        match self.said.get(&state.product_id) {
            Some(known) if known.version > state.version => {}
            Some(known) if known.version == state.version => {
                if *known != state {
                    self.contradicted.insert(state.product_id, state.version);
                }
            }
            _ => {
                self.said.insert(state.product_id, state);
            }
        }
    }

    /// Holds the products against the rules, `copies` among them.
    pub(super) fn judge(&self, scope: Scope, copies: Check, findings: &mut Findings) {
        findings.units_given = self.given.values().sum();
        findings.add(self.adds_up());
        findings.add(copies);
        let published = Check::new(
            "products-published",
            "products",
            "the newest record of each is the product as it is",
        );
        findings.add(match scope {
            Scope::Whole => self.published(published),
            Scope::Databases => published.skipped(),
        });
    }

    fn adds_up(&self) -> Check {
        let mut check = Check::new(
            "stock-adds-up",
            "products",
            "stocked less accepted is left, and not below zero",
        );
        for (id, product) in &self.owned {
            check.looked_at += 1;
            let given = self.given.get(id).copied().unwrap_or_default();
            let (state, stocked) = (&product.state, product.stocked);
            if stocked != given + u64::from(state.quantity) {
                check.off(|| {
                    format!(
                        "product {id} ({}): {stocked} stocked, {given} given to orders, {} left",
                        state.name, state.quantity
                    )
                });
            }
        }
        for (id, given) in self
            .given
            .iter()
            .filter(|(id, _)| !self.owned.contains_key(id))
        {
            check.off(|| {
                format!("product {id}: {given} given to orders, but there is no such product")
            });
        }
        check
    }

    fn published(&self, mut check: Check) -> Check {
        for (id, product) in &self.owned {
            check.looked_at += 1;
            let (owner, name) = (&product.state, &product.state.name);
            match self.said.get(id) {
                Some(said) if said == owner => {}
                Some(said) => check.off(|| {
                    format!(
                        "product {id} ({name}) is at version {}, its newest record is version {}{}",
                        owner.version,
                        said.version,
                        if said.version == owner.version {
                            " and says something else"
                        } else {
                            ""
                        }
                    )
                }),
                None => check.off(|| format!("product {id} ({name}) is not in the topic")),
            }
        }
        for id in self.said.keys().filter(|id| !self.owned.contains_key(id)) {
            check.off(|| format!("product {id} is in the topic, but not in the products database"));
        }
        for (id, version) in &self.contradicted {
            check.off(|| {
                format!("product {id}: the topic says two different things of version {version}")
            });
        }
        check
    }
}
