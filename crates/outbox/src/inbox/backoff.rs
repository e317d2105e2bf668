//! Waiting between attempts.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Doubling waits, from 20 ms.
pub(super) struct Backoff {
    next: Duration,
    most: Duration,
}

impl Backoff {
    pub(super) fn new(most: Duration) -> Self {
        Self {
            next: Duration::from_millis(20).min(most),
            most,
        }
    }

    /// Waits; `false` when it is time to stop.
    pub(super) async fn pause(&mut self, stop: &CancellationToken) -> bool {
        let wait = self.next;
        self.next = (wait * 2).min(self.most);
        tokio::select! {
            biased;
            () = stop.cancelled() => false,
            () = tokio::time::sleep(wait) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_double_up_to_the_most() {
        let stop = CancellationToken::new();
        let mut backoff = Backoff::new(Duration::from_millis(50));
        for expected in [20, 40, 50, 50] {
            assert_eq!(backoff.next, Duration::from_millis(expected));
            assert!(backoff.pause(&stop).await);
        }
    }

    #[tokio::test]
    async fn a_wait_ends_when_it_is_time_to_stop() {
        let stop = CancellationToken::new();
        let mut backoff = Backoff::new(Duration::from_hours(1));
        backoff.next = Duration::from_hours(1);
        stop.cancel();
        assert!(!backoff.pause(&stop).await);
    }
}
