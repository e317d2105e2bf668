//! Negative controls: a rule that is broken, and the check that has to notice.

use controls::Rule;

use crate::violation::{Check, Violation};

/// A run with adapters that break one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// The rule that they break.
    pub rule: Rule,
    /// What has to notice: a run that merely gets stuck shows nothing.
    pub check: Check,
}

impl Control {
    /// The control of `rule`.
    pub const fn of(rule: Rule) -> Self {
        let check = match rule {
            Rule::Checkpoint | Rule::CheckpointFence => Check::Applied,
            Rule::ReservationKey | Rule::DecisionId => Check::Decisions,
            Rule::QuantityGuard | Rule::ReleaseKey | Rule::RestockKey => Check::Stock,
            Rule::TerminalStatus => Check::Settled,
            Rule::VersionGuard => Check::Copies,
            Rule::UnpagedOutbox | Rule::DeleteAfterAck | Rule::OutboxInTransaction => {
                Check::Announced
            }
            Rule::KeyOrder => Check::Versions,
            Rule::DeadLetterKey => Check::DeadLetterAdmin,
            Rule::IdempotencyKey => Check::Requests,
            Rule::Lease => Check::PublishedOnce,
        };
        Self { rule, check }
    }

    /// Whether the check has noticed.
    pub fn caught(self, violations: &[Violation]) -> bool {
        violations.iter().any(|found| found.check == self.check)
    }
}
