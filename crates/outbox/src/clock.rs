//! Where time and identity come from.
//!
//! Decisions take both as arguments, so that a simulation can replay them from a seed.

use jiff::Timestamp;
use uuid::Uuid;

/// A source of time and of new identifiers.
pub trait Clock: Send + Sync + 'static {
    /// The time now, in UTC.
    fn now(&self) -> Timestamp;

    /// A new identifier, a `UUIDv7` (RFC 9562): unique, and rising with time within one process.
    fn uuid(&self) -> Uuid;
}

/// The machine's clock and its random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}
