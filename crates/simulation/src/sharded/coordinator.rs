//! A coordinator: the record of what became of some orders.

use std::collections::BTreeMap;

use crate::chance::Chance;

use super::case::{Case, Terms};
use super::protocol::{Answer, Effect, Micros, OrderNo, Parts};

/// Has one [`Case`] for each order that it was told of, and never forgets one.
#[derive(Debug, Clone)]
pub(super) struct Coordinator {
    pub(super) cases: BTreeMap<OrderNo, Case>,
    terms: Terms,
}

impl Coordinator {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            cases: BTreeMap::new(),
            terms,
        }
    }

    /// An order has come; one that has come before is passed over.
    pub(super) fn placed(&mut self, order: OrderNo, parts: &Parts, now: Micros) -> Vec<Effect> {
        if self.cases.contains_key(&order) {
            return Vec::new();
        }
        let mut case = Case::new(order, parts.clone());
        let effects = case.begin(&self.terms, now);
        self.cases.insert(order, case);
        effects
    }

    pub(super) fn answered(
        &mut self,
        answer: &Answer,
        now: Micros,
        chance: &Chance,
    ) -> Vec<Effect> {
        match self.cases.get_mut(&answer.order) {
            Some(case) => case.answered(answer, &self.terms, now, chance),
            None => Vec::new(),
        }
    }

    pub(super) fn woken(
        &mut self,
        order: OrderNo,
        number: u64,
        now: Micros,
        chance: &Chance,
    ) -> Vec<Effect> {
        match self.cases.get_mut(&order) {
            Some(case) => case.woken(number, &self.terms, now, chance),
            None => Vec::new(),
        }
    }
}
