//! Everything that happens by chance, drawn from the seed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// The one source of chance of a run.
pub(crate) struct Chance(Mutex<SmallRng>);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(SmallRng::seed_from_u64(seed)))
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut SmallRng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number from `low` up to and including `high`.
    pub(crate) fn between(&self, low: u32, high: u32) -> u32 {
        self.draw(|rng| rng.random_range(low..=high))
    }

    /// A place in something of `length` (at least 1) places.
    pub(crate) fn place(&self, length: usize) -> usize {
        self.draw(|rng| rng.random_range(0..length.max(1)))
    }

    /// True in `parts` of ten thousand cases.
    pub(crate) fn happens(&self, parts: u32) -> bool {
        parts > 0 && self.draw(|rng| rng.random_range(0..10_000) < parts)
    }

    /// A time of at most `most`, in whole milliseconds.
    pub(crate) fn time(&self, most: Duration) -> Duration {
        let most = u32::try_from(most.as_millis()).unwrap_or(u32::MAX);
        Duration::from_millis(self.between(0, most).into())
    }

    pub(crate) fn bytes(&self) -> [u8; 8] {
        self.draw(rand::RngExt::random)
    }
}
