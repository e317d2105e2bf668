//! What an audit found.

use std::collections::BTreeMap;
use std::fmt;

use events::OrderStatus;
use serde::Serialize;

/// How many of each check's offenders are named.
const NAMED: usize = 100;

/// One rule, and what was found about it.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    /// The rule's name.
    pub(crate) name: &'static str,
    /// The rule.
    pub(crate) rule: &'static str,
    /// What was counted, such as orders.
    pub(crate) of: &'static str,
    /// How many of them were looked at.
    pub(crate) looked_at: u64,
    /// How many findings there are against it.
    pub(crate) off: u64,
    /// The first of them.
    pub(crate) named: Vec<String>,
    /// Whether it holds; `None` when it was not looked at.
    pub(crate) passed: Option<bool>,
}

impl Check {
    /// A rule about things of the kind `of`.
    pub(crate) fn new(name: &'static str, of: &'static str, rule: &'static str) -> Self {
        Self {
            name,
            rule,
            of,
            looked_at: 0,
            off: 0,
            named: Vec::new(),
            passed: Some(true),
        }
    }

    /// The same, when it can't be looked at.
    pub(crate) fn skipped(self) -> Self {
        Self {
            passed: None,
            ..self
        }
    }

    /// Counts a finding, named by `finding` while there are few.
    pub(crate) fn off(&mut self, finding: impl FnOnce() -> String) {
        self.off += 1;
        self.passed = Some(false);
        if self.named.len() < NAMED {
            self.named.push(finding());
        }
    }

    /// Adds `finding` unless it is `None`.
    pub(crate) fn note(&mut self, finding: Option<String>) {
        if let Some(finding) = finding {
            self.off(|| finding);
        }
    }
}

/// The figures, and everything that is off.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Findings {
    /// Whether every rule that was looked at holds.
    pub(crate) clean: bool,
    /// Orders in the orders database.
    pub(crate) orders: u64,
    /// Of these, how many stand where, by the status's name.
    pub(crate) statuses: BTreeMap<&'static str, u64>,
    /// Decisions in the products database.
    pub(crate) reservations: u64,
    /// Products in the products database.
    pub(crate) products: u64,
    /// Units of all products that accepted orders have, cancelled ones left out.
    pub(crate) units_given: u64,
    /// Outbox records that are not published yet, of all services.
    pub(crate) outbox_records: u64,
    /// Dead-lettered messages of all services, those that wait behind another one too.
    pub(crate) parked: u64,
    /// Records that were read from the topics.
    pub(crate) records: u64,
    /// Of these, not readable as an event of the shop.
    pub(crate) unreadable: u64,
    /// Records that services have not handled yet.
    pub(crate) lag: u64,
    /// Rule by rule.
    pub(crate) checks: Vec<Check>,
    /// Each finding, in a sentence that names it; the first of each rule, and how many more.
    pub(crate) differences: Vec<String>,
}

impl Findings {
    /// Adds what was found about a rule.
    pub(crate) fn add(&mut self, check: Check) {
        self.differences.extend(check.named.iter().cloned());
        let more = check.off - check.named.len() as u64;
        if more > 0 {
            let line = format!("{}: {more} more", check.name);
            self.differences.push(line);
        }
        self.checks.push(check);
        self.clean = self.clean();
    }

    /// Whether every rule that was looked at holds.
    pub(crate) fn clean(&self) -> bool {
        self.checks.iter().all(|check| check.passed != Some(false))
    }

    /// Whether events are under way, so that a finding may only be early.
    fn at_work(&self) -> bool {
        let pending = self.statuses.get(OrderStatus::Pending.name());
        pending.copied().unwrap_or_default() + self.outbox_records + self.lag > 0
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<18}{:>10}", "orders", self.orders)?;
        for (status, count) in &self.statuses {
            writeln!(f, "  {status:<16}{count:>10}")?;
        }
        let figures = [
            ("decisions", self.reservations),
            ("products", self.products),
            ("units given", self.units_given),
            ("in outboxes", self.outbox_records),
            ("parked", self.parked),
            ("records in topics", self.records),
            ("  unreadable", self.unreadable),
            ("  not handled", self.lag),
        ];
        for (name, figure) in figures {
            writeln!(f, "{name:<18}{figure:>10}")?;
        }
        writeln!(f)?;
        for check in &self.checks {
            let verdict = match check.passed {
                Some(true) => "ok",
                Some(false) => "OFF",
                None => "--",
            };
            let figure = match check.passed {
                None => "not looked at".to_owned(),
                _ if check.off > 0 => {
                    format!("{} {}, {} off", check.looked_at, check.of, check.off)
                }
                _ => format!("{} {}", check.looked_at, check.of),
            };
            writeln!(
                f,
                "{verdict:<4}{:<21}{figure:<28}{}",
                check.name, check.rule
            )?;
        }
        if self.clean() {
            let unseen = self.checks.iter().any(|check| check.passed.is_none());
            let verdict = if unseen {
                "The databases agree; the topics were not looked at."
            } else {
                "The services and the topics agree."
            };
            return write!(f, "\n{verdict}");
        }
        writeln!(f)?;
        for check in self.checks.iter().filter(|check| check.off > 0) {
            writeln!(f, "{}:", check.name)?;
            for finding in &check.named {
                writeln!(f, "  {finding}")?;
            }
            let more = check.off - check.named.len() as u64;
            if more > 0 {
                writeln!(f, "  and {more} more")?;
            }
        }
        if self.at_work() {
            write!(
                f,
                "\nThe shop is at work: what is under way looks like a difference. Run this again \
                 when nothing is pending, or ask `quadrille stuck` what is waited for."
            )?;
        }
        Ok(())
    }
}
