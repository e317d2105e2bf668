//! Simulated time, and ids that come from the seed.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use outbox::Clock;
use tokio::time::Instant;
use uuid::{Builder, Uuid};

use crate::chance::Chance;

/// When a simulation begins, in seconds of Unix time: 2026-01-01.
const BEGIN: i64 = 1_767_225_600;

/// The clock of one process. It may go wrong by a constant, as clocks of machines do.
pub(crate) struct SimulatedClock {
    chance: Arc<Chance>,
    began: Instant,
    skew: SignedDuration,
    /// The latest millisecond that an id was drawn in, and how many were.
    latest: Mutex<(u64, u16)>,
}

impl SimulatedClock {
    /// A clock that is `skew` milliseconds ahead.
    pub(crate) fn new(chance: Arc<Chance>, began: Instant, skew: i64) -> Self {
        Self {
            chance,
            began,
            skew: SignedDuration::from_millis(skew),
            latest: Mutex::new((0, 0)),
        }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        let begin = Timestamp::from_second(BEGIN).unwrap_or_default();
        let elapsed = SignedDuration::try_from(self.began.elapsed()).unwrap_or_default();
        begin + elapsed + self.skew
    }

    fn uuid(&self) -> Uuid {
        let now = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let (millis, count) = if now > latest.0 {
            (now, 0)
        } else {
            (latest.0, latest.1 + 1)
        };
        *latest = (millis, count);
        let mut rest = [0; 10];
        rest[..2].copy_from_slice(&count.to_be_bytes());
        rest[2..].copy_from_slice(&self.chance.bytes());
        Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    }
}
