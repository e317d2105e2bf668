//! What customers and the admin were told: the services' databases are held against it in the end.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// Named violations beyond this many are only counted.
const NAMED: usize = 100;

/// What an order asks for, by product; lines of one product are added up.
pub(super) type Lines = BTreeMap<String, u64>;

/// An order that a customer was promised.
#[derive(Debug, Clone)]
pub(super) struct Promise {
    pub(super) key: String,
    pub(super) lines: Lines,
    /// The final status that an answer told, if one did.
    pub(super) told: Option<String>,
    /// Whether it is to be paid for.
    pub(super) paid_for: bool,
    /// Whether its cancellation was acknowledged, once it is asked for.
    pub(super) cancellation: Option<bool>,
}

/// What was put in stock of a product.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stocked {
    /// What the shop has confirmed.
    pub(super) surely: u64,
    /// What it was asked for without an answer: it may have happened or not.
    pub(super) perhaps: u64,
}

#[derive(Debug, Default)]
struct State {
    promises: HashMap<Uuid, Promise>,
    stocked: BTreeMap<String, Stocked>,
    refused: u64,
    retries: u64,
    answers: BTreeMap<String, u64>,
    violations: Vec<String>,
    unnamed: usize,
}

/// The customers' and the admin's own records.
#[derive(Debug, Default)]
pub(super) struct Expectations(Mutex<State>);

impl Expectations {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The order `id` was acknowledged for `key`.
    pub(super) fn promised(&self, id: Uuid, promise: Promise) {
        let mut state = self.state();
        match state.promises.get_mut(&id) {
            None => {
                state.promises.insert(id, promise);
            }
            Some(known) if known.key == promise.key => {
                let both = (known.told.as_ref(), promise.told.as_ref());
                if let (Some(before), Some(now)) = both
                    && before != now
                {
                    let text = format!("order {id} was told to be {before}, then {now}");
                    note(&mut state, text);
                    return;
                }
                known.told = known.told.take().or(promise.told);
            }
            Some(known) => {
                let text = format!(
                    "order {id} was given to two keys, {} and {}",
                    known.key, promise.key
                );
                note(&mut state, text);
            }
        }
    }

    /// The cancellation of the order `id` was asked for, or is acknowledged.
    pub(super) fn cancelled(&self, id: Uuid, acknowledged: bool) {
        if let Some(promise) = self.state().promises.get_mut(&id) {
            promise.cancellation = Some(acknowledged);
        }
    }

    /// An order was refused at once, since orders knew that there is not enough.
    pub(super) fn refused(&self) {
        self.state().refused += 1;
    }

    /// A request got no answer that counts, and is made again.
    pub(super) fn retried(&self, answer: &str) {
        let mut state = self.state();
        state.retries += 1;
        *state.answers.entry(answer.to_owned()).or_default() += 1;
    }

    /// The admin changed what is known to be in stock of a product.
    pub(super) fn stocked(&self, product: &str, change: impl FnOnce(&mut Stocked)) {
        change(self.state().stocked.entry(product.to_owned()).or_default());
    }

    /// Something happened that must not.
    pub(super) fn violation(&self, text: String) {
        note(&mut self.state(), text);
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.state().promises.len()
    }

    pub(super) fn refusals(&self) -> u64 {
        self.state().refused
    }

    pub(super) fn retries(&self) -> (u64, BTreeMap<String, u64>) {
        let state = self.state();
        (state.retries, state.answers.clone())
    }

    pub(super) fn promises(&self) -> HashMap<Uuid, Promise> {
        self.state().promises.clone()
    }

    pub(super) fn stock(&self) -> BTreeMap<String, Stocked> {
        self.state().stocked.clone()
    }

    /// How many violations, and the first of them.
    pub(super) fn violations(&self) -> (usize, Vec<String>) {
        let state = self.state();
        (
            state.violations.len() + state.unnamed,
            state.violations.clone(),
        )
    }
}

fn note(state: &mut State, text: String) {
    eprintln!("VIOLATION: {text}");
    if state.violations.len() < NAMED {
        state.violations.push(text);
    } else {
        state.unnamed += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise(key: &str, told: Option<&str>) -> Promise {
        Promise {
            key: key.to_owned(),
            lines: Lines::new(),
            told: told.map(str::to_owned),
            paid_for: false,
            cancellation: None,
        }
    }

    #[test]
    fn an_order_under_two_keys_and_a_status_that_changed_are_violations() {
        let expectations = Expectations::default();
        let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
        expectations.promised(one, promise("a", None));
        expectations.promised(one, promise("a", Some("ACCEPTED")));
        expectations.promised(two, promise("b", Some("REJECTED")));
        assert_eq!(
            (expectations.acknowledged(), expectations.violations().0),
            (2, 0)
        );
        expectations.promised(one, promise("b", None));
        expectations.promised(one, promise("a", Some("REJECTED")));
        let (count, named) = expectations.violations();
        assert_eq!(count, 2, "{named:?}");
        assert!(named[0].contains("two keys") && named[1].contains("REJECTED"));
    }
}
