//! What came of a run.

use std::fmt;
use std::ops::AddAssign;

/// How often something went wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Messages lost.
    pub lost: u64,
    /// Messages that came twice.
    pub copied: u64,
    /// Messages that were late.
    pub late: u64,
    /// Crashes of shards.
    pub shard_crashes: u64,
    /// Crashes of coordinators.
    pub coordinator_crashes: u64,
    /// Questions about a hold that had run out, of an order that was decided already: a
    /// confirmation, or a cancellation, was on its way or lost.
    pub lapsed_decided: u64,
    /// Of those, questions about an accepted order.
    pub lapsed_accepted: u64,
    /// Questions about a hold that had run out, of an order that was still undecided.
    pub lapsed_undecided: u64,
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.copied += other.copied;
        self.late += other.late;
        self.shard_crashes += other.shard_crashes;
        self.coordinator_crashes += other.coordinator_crashes;
        self.lapsed_decided += other.lapsed_decided;
        self.lapsed_accepted += other.lapsed_accepted;
        self.lapsed_undecided += other.lapsed_undecided;
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            (self.lost, "messages lost"),
            (self.copied, "messages doubled"),
            (self.late, "messages late"),
            (self.shard_crashes, "crashes of shards"),
            (self.coordinator_crashes, "crashes of coordinators"),
            (
                self.lapsed_undecided,
                "asked after a hold ran out, order undecided",
            ),
            (
                self.lapsed_decided,
                "asked after a hold ran out, order decided",
            ),
            (self.lapsed_accepted, "  of these, order accepted"),
        ];
        for (count, what) in rows {
            writeln!(f, "  {count:>10}  {what}")?;
        }
        Ok(())
    }
}

/// What became of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// How many shards have its products.
    pub span: usize,
    /// Whether it got them; none if it was never decided.
    pub accepted: Option<bool>,
    /// From its arrival to the decision, in microseconds.
    pub took: u64,
    /// Messages said for it, without its `OrderCreate`.
    pub messages: u32,
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The orders in the order of their arrival.
    pub orders: Vec<Settled>,
    /// How many the one engine accepts of the same orders.
    pub accepted_by_one: u32,
    /// How many of the refused could be served from what is left at the end.
    pub refused_though_possible: u32,
    /// What went wrong.
    pub faults: Faults,
    /// What is not as it must be.
    pub violations: Vec<String>,
    /// When everything was settled, in microseconds from the beginning.
    pub ended: u64,
}

impl Outcome {
    /// How many orders were accepted.
    pub fn accepted(&self) -> usize {
        let accepted = |order: &&Settled| order.accepted == Some(true);
        self.orders.iter().filter(accepted).count()
    }
}
