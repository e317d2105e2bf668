//! What customers were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    orders: BTreeSet<String>,
    refused: u64,
    retried: BTreeMap<String, u64>,
    violations: Vec<String>,
}

/// The customers' own records.
#[derive(Debug, Default)]
pub(super) struct Expectations(Mutex<State>);

impl Expectations {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The order `id` was acknowledged to one who asked for a new one.
    pub(super) fn promised(&self, id: &str) {
        let mut state = self.state();
        if !state.orders.insert(id.to_owned()) {
            let text = format!("order {id} was given to two customers");
            state.violations.push(text);
        }
    }

    /// An order was refused at once, since there is not enough.
    pub(super) fn refused(&self) {
        self.state().refused += 1;
    }

    /// A customer had to ask again.
    pub(super) fn retried(&self, why: &str) {
        *self.state().retried.entry(why.to_owned()).or_default() += 1;
    }

    /// Something that must not happen.
    pub(super) fn violation(&self, text: String) {
        self.state().violations.push(text);
    }

    /// How many orders were acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.state().orders.len() as u64
    }

    /// Their ids.
    pub(super) fn orders(&self) -> Vec<String> {
        self.state().orders.iter().cloned().collect()
    }

    /// Refusals, what was asked again for and why, and what must not happen.
    pub(super) fn rest(&self) -> (u64, BTreeMap<String, u64>, Vec<String>) {
        let state = self.state();
        (
            state.refused,
            state.retried.clone(),
            state.violations.clone(),
        )
    }
}
