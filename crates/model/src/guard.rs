//! The rules that can be taken away, to see the checker find what they prevent.

use std::str::FromStr;

/// A rule of the design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// The checkpoint moves in the transaction that applies the records.
    Checkpoint,
    /// A checkpoint moves only from where its owner believes it to be, in its own epoch.
    CheckpointFence,
    /// A decision is stored under the order's id, and looked for before deciding.
    ReservationKey,
    /// A decision that is published again keeps its event id.
    DecisionId,
    /// What an order was given is given back once.
    ReleaseKey,
    /// Stock is taken only from the version that was read and if there is enough.
    QuantityGuard,
    /// No step leads away from a terminal status.
    TerminalStatus,
    /// A copy takes only a newer state.
    VersionGuard,
    /// The relay reads what is not deleted, not what lies behind a position.
    UnpagedOutbox,
    /// A record is deleted after the broker's acknowledgement.
    DeleteAfterAck,
    /// The outbox record is written in the transaction that it tells of.
    OutboxInTransaction,
    /// After a failed delivery nothing later is sent before it.
    KeyOrder,
    /// A repeated request finds the order that it made.
    IdempotencyKey,
}

impl Guard {
    /// All of them.
    pub const ALL: [Self; 13] = [
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
        Self::IdempotencyKey,
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
            Self::IdempotencyKey => "idempotency-key",
        }
    }
}

impl FromStr for Guard {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|guard| guard.name() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("the model has no guard {name:?}; it has {names}")
        })
    }
}

/// The guards that stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guards {
    removed: u16,
}

impl Guards {
    /// Every guard stands.
    pub const fn all() -> Self {
        Self { removed: 0 }
    }

    /// Without `guard`, besides those that are gone already.
    #[must_use]
    pub const fn without(self, guard: Guard) -> Self {
        Self {
            removed: self.removed | 1 << guard as u16,
        }
    }

    /// Whether `guard` stands.
    pub const fn stand(self, guard: Guard) -> bool {
        self.removed & (1 << guard as u16) == 0
    }
}
