//! The rules that keep everything right, and the switch that takes one of them away.
//!
//! A check that cannot fail proves nothing, so the suite is run with each of these rules
//! removed in turn and has to notice (negative controls). Which rule, if any, is removed
//! is said once for a process, by the environment variable `QUADRILLE_REMOVE_GUARD`.
//!
//! The switch is compiled into debug builds only: in a release build
//! [`stands`](Guard::stands) is the constant `true`, and the variable is not read.
//!
//! **How to add one.** A variant with its name and what goes wrong without it here, and
//! `Guard::X.stands()` in the condition that is the rule; then a check that notices.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A rule of the design that a negative control may remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guard {
    /// The checkpoint moves in the transaction that applies the records. Without it, in one
    /// of its own before: a crash between the two loses records.
    Checkpoint,
    /// A checkpoint moves only from where the claim says, in the claim's epoch. Without it
    /// a consumer that was presumed dead applies records a second time.
    CheckpointFence,
    /// A decision about an order is looked for before one is made, and stored once. Without
    /// it an order that comes again is decided again.
    ReservationKey,
    /// A decision said again has the event id of the first time. Without it, a new one.
    DecisionId,
    /// Stock is taken only from the version that was read, and only when there is enough.
    /// Without it two deciders promise the same piece.
    QuantityGuard,
    /// No step leads away from a terminal status. Without it a second decision overwrites
    /// the first.
    TerminalStatus,
    /// A copy takes a newer version only. Without it a late event moves it backwards.
    VersionGuard,
    /// The relay publishes whatever is in the table. Without it only what lies behind the
    /// last id that it saw, which steps over records that are committed late.
    UnpagedOutbox,
    /// A record is deleted when the broker has confirmed it. Without it, before.
    DeleteAfterAck,
    /// The outbox record is written in the transaction that it tells of. Without it, after
    /// the commit: a crash between the two loses the news.
    OutboxInTransaction,
    /// Messages of a key keep their order, also behind one that failed or is parked.
    /// Without it later ones overtake it.
    KeyOrder,
    /// A request's idempotency key is looked up. Without it a request that is sent again
    /// becomes a second order.
    IdempotencyKey,
    /// Only the relay with the lease publishes. Without it every instance's does.
    Lease,
}

/// Not the name of a [`Guard`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no guard \"{0}\"; there are {names}", names = names())]
pub struct UnknownGuard(pub String);

fn names() -> String {
    let names: Vec<&str> = Guard::ALL.iter().map(|guard| guard.name()).collect();
    names.join(", ")
}

impl Guard {
    /// Every guard.
    pub const ALL: &[Self] = &[
        Self::Checkpoint,
        Self::CheckpointFence,
        Self::ReservationKey,
        Self::DecisionId,
        Self::QuantityGuard,
        Self::TerminalStatus,
        Self::VersionGuard,
        Self::UnpagedOutbox,
        Self::DeleteAfterAck,
        Self::OutboxInTransaction,
        Self::KeyOrder,
        Self::IdempotencyKey,
        Self::Lease,
    ];

    /// The name by which it is removed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::CheckpointFence => "checkpoint-fence",
            Self::ReservationKey => "reservation-key",
            Self::DecisionId => "decision-id",
            Self::QuantityGuard => "quantity-guard",
            Self::TerminalStatus => "terminal-status",
            Self::VersionGuard => "version-guard",
            Self::UnpagedOutbox => "unpaged-outbox",
            Self::DeleteAfterAck => "delete-after-ack",
            Self::OutboxInTransaction => "outbox-in-transaction",
            Self::KeyOrder => "key-order",
            Self::IdempotencyKey => "idempotency-key",
            Self::Lease => "lease",
        }
    }

    /// Whether the rule is in force: always, in a release build.
    #[cfg(not(debug_assertions))]
    pub const fn stands(self) -> bool {
        true
    }

    /// Whether the rule is in force: unless [`VARIABLE`] names it.
    #[cfg(debug_assertions)]
    pub fn stands(self) -> bool {
        removed() != Some(self)
    }
}

/// Names the guard that is removed, in debug builds. A release build has no such variable.
#[cfg(debug_assertions)]
pub const VARIABLE: &str = "QUADRILLE_REMOVE_GUARD";

/// The guard that this process does without.
#[cfg(debug_assertions)]
pub fn removed() -> Option<Guard> {
    static REMOVED: std::sync::OnceLock<Option<Guard>> = std::sync::OnceLock::new();
    *REMOVED.get_or_init(|| {
        let name = std::env::var(VARIABLE).ok()?;
        let guard = name.parse().unwrap_or_else(|unknown: UnknownGuard| {
            // A control that removes nothing would be taken for a rule that nobody needs.
            eprintln!("{VARIABLE}: {unknown}");
            std::process::exit(2)
        });
        tracing::warn!(%guard, "{VARIABLE} is set: this process breaks on purpose");
        Some(guard)
    })
}

/// The guard that this process does without: none, a release build has no switch.
#[cfg(not(debug_assertions))]
pub const fn removed() -> Option<Guard> {
    None
}

/// Evaluated by the compiler, which reads no environment: a release build in which a guard
/// could be removed does not compile.
#[cfg(not(debug_assertions))]
const _: () = {
    let mut place = 0;
    while place < Guard::ALL.len() {
        assert!(Guard::ALL[place].stands());
        place += 1;
    }
    assert!(removed().is_none());
};

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Guard {
    type Err = UnknownGuard;

    fn from_str(name: &str) -> Result<Self, UnknownGuard> {
        let mut all = Self::ALL.iter().copied();
        all.find(|guard| guard.name() == name)
            .ok_or_else(|| UnknownGuard(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guard_is_found_by_its_name() {
        for guard in Guard::ALL {
            assert_eq!(guard.name().parse(), Ok(*guard));
        }
        let unknown = "chekpoint".parse::<Guard>().unwrap_err().to_string();
        assert!(unknown.contains("chekpoint") && unknown.contains("checkpoint-fence"));
    }
}
