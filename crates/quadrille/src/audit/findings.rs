//! What an audit found.

use std::fmt;

use serde::Serialize;

/// The figures, and everything that is off.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Findings {
    /// Orders in the orders database.
    pub(crate) orders: u64,
    /// Of these, accepted.
    pub(crate) accepted: u64,
    /// Of these, rejected.
    pub(crate) rejected: u64,
    /// Of these, not settled.
    pub(crate) pending: u64,
    /// Decisions in the products database.
    pub(crate) reservations: u64,
    /// Products in the products database.
    pub(crate) products: u64,
    /// Units of all products that accepted orders have.
    pub(crate) units_given: u64,
    /// Outbox records that are not published yet, of both services.
    pub(crate) outbox_records: u64,
    /// Each difference, in a sentence that names it.
    pub(crate) differences: Vec<String>,
}

impl Findings {
    pub(super) fn add(&mut self, difference: String) {
        self.differences.push(difference);
    }

    /// Whether the services agree.
    pub(crate) fn clean(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "orders            {:>10}", self.orders)?;
        writeln!(f, "  accepted        {:>10}", self.accepted)?;
        writeln!(f, "  rejected        {:>10}", self.rejected)?;
        writeln!(f, "  pending         {:>10}", self.pending)?;
        writeln!(f, "decisions         {:>10}", self.reservations)?;
        writeln!(f, "products          {:>10}", self.products)?;
        writeln!(f, "units given       {:>10}", self.units_given)?;
        writeln!(f, "in outboxes       {:>10}", self.outbox_records)?;
        if self.clean() {
            return write!(f, "\nThe services agree.");
        }
        writeln!(f, "\n{} differences:", self.differences.len())?;
        for difference in &self.differences {
            writeln!(f, "  {difference}")?;
        }
        Ok(())
    }
}
