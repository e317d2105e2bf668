//! The database's clock, which jumps.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use outbox::Clock;
use tokio::time::Instant;
use uuid::{Builder, Uuid};

use crate::chance::Chance;

/// How far it jumps at most, in milliseconds.
const FARTHEST: u32 = 15_000;

pub(super) struct DatabaseClock {
    chance: Arc<Chance>,
    began: Instant,
    hand: Mutex<Hand>,
}

struct Hand {
    offset: SignedDuration,
    high: Timestamp,
    jumps: u32,
}

impl DatabaseClock {
    pub(super) fn new(chance: Arc<Chance>) -> Self {
        let hand = Hand {
            offset: SignedDuration::from_hours(500_000),
            high: Timestamp::MIN,
            jumps: 0,
        };
        Self {
            chance,
            began: Instant::now(),
            hand: Mutex::new(hand),
        }
    }

    fn hand(&self) -> MutexGuard<'_, Hand> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The latest time that it has shown.
    pub(super) fn latest(&self) -> Timestamp {
        self.now();
        self.hand().high
    }

    pub(super) fn jumps(&self) -> u32 {
        self.hand().jumps
    }

    /// Jumps forwards and backwards now and then for `storm`; in some seeds not at all.
    pub(super) async fn jump_about(&self, storm: Duration) {
        if self.chance.place(4) == 0 {
            return;
        }
        let until = self.began + storm;
        loop {
            tokio::time::sleep(self.chance.time(Duration::from_secs(6))).await;
            if Instant::now() >= until {
                return;
            }
            let by = i64::from(self.chance.between(0, 2 * FARTHEST)) - i64::from(FARTHEST);
            let mut hand = self.hand();
            hand.offset += SignedDuration::from_millis(by);
            hand.jumps += 1;
        }
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.began.elapsed()).unwrap_or_default();
        let mut hand = self.hand();
        let now = Timestamp::UNIX_EPOCH + elapsed + hand.offset;
        hand.high = hand.high.max(now);
        now
    }

    fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.chance.bytes());
        bytes[8..].copy_from_slice(&self.chance.bytes());
        Builder::from_random_bytes(bytes).into_uuid()
    }
}
