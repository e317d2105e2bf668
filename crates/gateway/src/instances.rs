//! Which instance of a service gets a request: the next one in turn that was in reach lately.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::uri::Authority;

/// How long an instance that could not be reached is passed over, while there are others.
const PASSED_OVER: Duration = Duration::from_secs(1);

/// The instances of one service.
pub(crate) struct Instances {
    all: Vec<Instance>,
    turn: AtomicUsize,
    began: Instant,
}

struct Instance {
    authority: Authority,
    /// Until when it is passed over, in milliseconds since `began`.
    away_until: AtomicU64,
}

impl Instances {
    pub(crate) fn new(addresses: &[Authority]) -> Self {
        let instance = |authority: &Authority| Instance {
            authority: authority.clone(),
            away_until: AtomicU64::new(0),
        };
        Self {
            all: addresses.iter().map(instance).collect(),
            turn: AtomicUsize::new(0),
            began: Instant::now(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The next in turn; one that is away only when all are.
    pub(crate) fn next(&self) -> &Authority {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        let in_turn = |step: usize| &self.all[(turn + step) % self.all.len()];
        (0..self.all.len())
            .map(in_turn)
            .find(|instance| instance.away_until.load(Ordering::Relaxed) <= now)
            .map_or(&in_turn(0).authority, |instance| &instance.authority)
    }

    /// Notes that no connection to `authority` could be made.
    pub(crate) fn away(&self, authority: &Authority) {
        let until = self.now() + u64::try_from(PASSED_OVER.as_millis()).unwrap_or_default();
        for instance in self.all.iter().filter(|one| one.authority == *authority) {
            instance.away_until.store(until, Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_take_turns_and_one_that_is_away_is_passed_over() {
        let instances = Instances::new(&["a:1", "b:2", "c:3"].map(Authority::from_static));
        let take = |count| -> Vec<String> {
            (0..count)
                .map(|_| instances.next().as_str().to_owned())
                .collect()
        };
        assert_eq!(take(4), ["a:1", "b:2", "c:3", "a:1"]);
        instances.away(&Authority::from_static("b:2"));
        assert_eq!(take(3), ["c:3", "c:3", "a:1"]);
        for all in ["a:1", "c:3"] {
            instances.away(&Authority::from_static(all));
        }
        assert_eq!(take(2).len(), 2, "someone is asked even if all are away");
    }
}
