//! What customers were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct Pages {
    orders: BTreeSet<String>,
    refused: u64,
    retried: BTreeMap<String, u64>,
    violations: Vec<String>,
}

/// The customers' own books.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Pages>);

impl Ledger {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The order `id` was acknowledged to one who asked for a new one.
    pub(super) fn promised(&self, id: &str) {
        let mut pages = self.pages();
        if !pages.orders.insert(id.to_owned()) {
            let text = format!("order {id} was given to two customers");
            pages.violations.push(text);
        }
    }

    /// An order was refused at once, since there is not enough.
    pub(super) fn refused(&self) {
        self.pages().refused += 1;
    }

    /// A customer had to ask again.
    pub(super) fn retried(&self, why: &str) {
        *self.pages().retried.entry(why.to_owned()).or_default() += 1;
    }

    /// Something that must not happen.
    pub(super) fn violation(&self, text: String) {
        self.pages().violations.push(text);
    }

    /// How many orders were acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.pages().orders.len() as u64
    }

    /// Their ids.
    pub(super) fn orders(&self) -> Vec<String> {
        self.pages().orders.iter().cloned().collect()
    }

    /// Refusals, what was asked again for and why, and what must not happen.
    pub(super) fn rest(&self) -> (u64, BTreeMap<String, u64>, Vec<String>) {
        let pages = self.pages();
        (
            pages.refused,
            pages.retried.clone(),
            pages.violations.clone(),
        )
    }
}
