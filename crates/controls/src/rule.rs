//! The rules that can be broken.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A rule of the design, and what goes wrong where it is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The checkpoint moves in the transaction that applies the records. Broken: in one of its
    /// own before, so that a failure between the two loses records.
    Checkpoint,
    /// A checkpoint moves only from where the claim says, in the claim's epoch. Broken: a
    /// consumer that was presumed dead applies records a second time.
    CheckpointFence,
    /// A decision about an order is looked for before one is made, and stored once. Broken: an
    /// order that comes again is decided again.
    ReservationKey,
    /// A decision that is published again keeps its event id. Broken: it gets another one.
    DecisionId,
    /// What an order was given is given back once. Broken: a cancellation that comes again gives it back
    /// again.
    ReleaseKey,
    /// Stock is taken only from the version that was read, and only if there is enough. Broken:
    /// two deciders promise the same piece.
    QuantityGuard,
    /// No step leads away from a terminal status. Broken: a second decision is applied too.
    TerminalStatus,
    /// A copy takes only a newer state. Broken: a late event moves it backwards.
    VersionGuard,
    /// The relay publishes whatever is in the table. Broken: only what lies behind the last id
    /// that it published, which steps over records that are committed late.
    UnpagedOutbox,
    /// A record is deleted when the broker has confirmed it. Broken: when it is read.
    DeleteAfterAck,
    /// The outbox record is written in the transaction that it tells of. Broken: after the
    /// commit, so that a crash between the two loses the event.
    OutboxInTransaction,
    /// Messages of a key are published in the order of their versions. Broken: in reverse.
    KeyOrder,
    /// Messages behind a dead letter of their key wait. Broken: later ones overtake it.
    DeadLetterKey,
    /// A request's idempotency key is looked up. Broken: a request that is sent again becomes a
    /// second order.
    IdempotencyKey,
    /// Only the relay with the lease publishes. Broken: every instance's does.
    Lease,
    /// A restock is applied once. Broken: it is applied again when its commit's outcome was
    /// unknown.
    RestockKey,
}

/// Not the name of a [`Rule`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no rule \"{0}\"; there are {names}", names = names())]
pub struct UnknownRule(pub String);

fn names() -> String {
    Rule::ALL.map(Rule::name).join(", ")
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 16] = [
        Self::Checkpoint,
        Self::CheckpointFence,
        Self::ReservationKey,
        Self::DecisionId,
        Self::ReleaseKey,
        Self::QuantityGuard,
        Self::TerminalStatus,
        Self::VersionGuard,
        Self::UnpagedOutbox,
        Self::DeleteAfterAck,
        Self::OutboxInTransaction,
        Self::KeyOrder,
        Self::DeadLetterKey,
        Self::IdempotencyKey,
        Self::Lease,
        Self::RestockKey,
    ];

    /// The name, in kebab case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::CheckpointFence => "checkpoint-fence",
            Self::ReservationKey => "reservation-key",
            Self::DecisionId => "decision-id",
            Self::ReleaseKey => "release-key",
            Self::QuantityGuard => "quantity-guard",
            Self::TerminalStatus => "terminal-status",
            Self::VersionGuard => "version-guard",
            Self::UnpagedOutbox => "unpaged-outbox",
            Self::DeleteAfterAck => "delete-after-ack",
            Self::OutboxInTransaction => "outbox-in-transaction",
            Self::KeyOrder => "key-order",
            Self::DeadLetterKey => "dead-letter-key",
            Self::IdempotencyKey => "idempotency-key",
            Self::Lease => "lease",
            Self::RestockKey => "restock-key",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Rule {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        let known = Self::ALL.into_iter().find(|rule| rule.name() == name);
        known.ok_or_else(|| UnknownRule(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_found_by_its_name() {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse(), Ok(rule));
        }
        let unknown = "chekpoint".parse::<Rule>().unwrap_err().to_string();
        assert!(unknown.contains("chekpoint") && unknown.contains("checkpoint-fence"));
    }
}
