//! Running the checker, and what it found.

use std::num::NonZeroUsize;
use std::time::Instant;

use serde::Serialize;
use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::equivalence::representative;
use crate::setting::Choreography;

/// What a complete check found.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// Faults of each run.
    pub faults: u8,
    /// Different states.
    pub states: usize,
    /// Steps between them.
    pub steps: usize,
    /// The longest path that was walked.
    pub depth: usize,
    /// How long it took.
    pub seconds: f64,
    /// What always holds or comes in the end, by name.
    pub promises: Vec<String>,
    /// What can be reached, by name.
    pub reached: Vec<String>,
    /// What does not hold, or is never reached: nothing, if all is well.
    pub broken: Vec<String>,
}

/// A way to a broken promise.
#[derive(Debug, Clone, Serialize)]
pub struct Counterexample {
    /// The promise.
    pub promise: String,
    /// What happens, step by step: the fewest steps that break it.
    pub steps: Vec<String>,
    /// Where it ends.
    pub end: String,
    /// How long it took to find.
    pub seconds: f64,
}

/// Visits every state.
pub fn check(model: &Choreography) -> Found {
    let began = Instant::now();
    let checker = model
        .clone()
        .checker()
        .threads(threads())
        .symmetry_fn(representative)
        .spawn_dfs()
        .join();
    let found = checker.discoveries();
    let mut report = Found {
        faults: model.faults,
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth(),
        seconds: began.elapsed().as_secs_f64(),
        promises: Vec::new(),
        reached: Vec::new(),
        broken: Vec::new(),
    };
    for property in model.properties() {
        let is_found = found.contains_key(property.name);
        let list = match (property.expectation, is_found) {
            (Expectation::Sometimes, true) => &mut report.reached,
            (Expectation::Always | Expectation::Eventually, false) => &mut report.promises,
            _ => &mut report.broken,
        };
        list.push(property.name.to_owned());
    }
    report
}

/// Looks for the shortest way to a broken promise; `None` when there is none.
pub fn find(model: &Choreography) -> Option<Counterexample> {
    let began = Instant::now();
    let failures = |checker: &dyn Fn(&'static str) -> bool| {
        let names = model.properties().into_iter().filter(|property| {
            matches!(
                property.expectation,
                Expectation::Always | Expectation::Eventually
            )
        });
        names
            .map(|property| property.name)
            .find(|name| checker(name))
    };
    let whole = model
        .clone()
        .checker()
        .threads(threads())
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_dfs()
        .join();
    failures(&|name| whole.discovery(name).is_some())?;
    // One step more each time, with every step in every order: no way is shorter.
    let every_order = Choreography {
        reduced: false,
        ..model.clone()
    };
    (2..).find_map(|depth| {
        let checker = every_order
            .clone()
            .checker()
            .finish_when(HasDiscoveries::AnyFailures)
            .target_max_depth(depth)
            .spawn_bfs()
            .join();
        let promise = failures(&|name| checker.discovery(name).is_some())?;
        let path = checker.discovery(promise)?.into_vec();
        let steps = path.iter().filter_map(|(_, action)| *action);
        Some(Counterexample {
            promise: promise.to_owned(),
            steps: steps.map(|action| action.to_string()).collect(),
            end: path
                .last()
                .map_or_else(String::new, |(state, _)| format!("{state:?}")),
            seconds: began.elapsed().as_secs_f64(),
        })
    })
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
