//! What a run came to.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::expectations::Expectations;

/// One process exchanged.
#[derive(Debug, Clone, Serialize)]
pub struct Swap {
    /// Its name.
    pub part: String,
    /// The build that it is of since: `older` or `newer`.
    pub build: &'static str,
    /// From its being told to end until the other build was ready.
    pub ready_ms: u128,
    /// From an order of a product that was made then until its decision.
    pub settled_ms: u128,
}

impl fmt::Display for Swap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:12} {} build, ready after {:>6} ms, a new product's order settled in {:>5} ms",
            self.part, self.build, self.ready_ms, self.settled_ms
        )
    }
}

/// What a run came to.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Every exchange.
    pub swaps: Vec<Swap>,
    /// Orders that customers were promised.
    pub acknowledged: u64,
    /// Orders that were refused at once.
    pub refused: u64,
    /// How often customers had to ask again, by the answer that they had got.
    pub retried: BTreeMap<String, u64>,
    /// What must not happen.
    pub violations: Vec<String>,
}

impl Report {
    pub(super) fn new(swaps: Vec<Swap>) -> Self {
        Self {
            swaps,
            acknowledged: 0,
            refused: 0,
            retried: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    /// Whether nothing happened that must not.
    pub fn clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub(super) fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    /// Holds the number of orders in the databases against that of promises.
    pub(super) fn audited(&mut self, build: &str, found: &Value, promised: u64) {
        let orders = &found["orders"];
        if *orders != promised {
            self.violation(format!(
                "{promised} orders were promised; the {build} build's audit finds {orders}"
            ));
        }
    }

    pub(super) fn customers(&mut self, expectations: &Expectations) {
        self.acknowledged = expectations.acknowledged();
        let (refused, retried, violations) = expectations.rest();
        self.refused = refused;
        self.retried = retried;
        self.violations.extend(violations);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} exchanges; {} orders acknowledged, {} refused for want of stock",
            self.swaps.len(),
            self.acknowledged,
            self.refused
        )?;
        for (answer, times) in &self.retried {
            writeln!(f, "asked again after {answer}: {times}")?;
        }
        for violation in &self.violations {
            writeln!(f, "VIOLATION: {violation}")?;
        }
        if self.clean() {
            write!(
                f,
                "Every order is settled once, and both builds' audits are clean."
            )?;
        }
        Ok(())
    }
}
