//! One refresh for all who ask at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// Shares looks: whoever asks gets the outcome of one that began after it asked.
#[derive(Debug, Default)]
pub(super) struct SingleFlight {
    asked: AtomicU64,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    /// Whoever drew a number up to this one had asked when the look began.
    covers: u64,
    outcome: bool,
}

impl SingleFlight {
    /// The outcome of `refresh`, or of somebody else's that began after this was called.
    pub(super) async fn shared<F>(&self, refresh: impl FnOnce() -> F) -> bool
    where
        F: Future<Output = bool>,
    {
        let number = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut last = self.last.lock().await;
        if last.covers >= number {
            return last.outcome;
        }
        let covers = self.asked.load(Ordering::Acquire);
        let outcome = refresh().await;
        *last = Last { covers, outcome };
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn waiting_readers_share_the_next_refresh() {
        let single_flight = Arc::new(SingleFlight::default());
        let (gate, looks) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU64::new(0)));
        let ask = || {
            let (single_flight, gate, looks) = (single_flight.clone(), gate.clone(), looks.clone());
            tokio::spawn(async move {
                let refresh = || async {
                    looks.fetch_add(1, Ordering::SeqCst);
                    gate.acquire().await.is_ok_and(|permit| {
                        permit.forget();
                        true
                    })
                };
                single_flight.shared(refresh).await
            })
        };
        let first = ask();
        while looks.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..50).map(|_| ask()).collect();
        while single_flight.asked.load(Ordering::SeqCst) < 51 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
        assert!(first.await.unwrap());
        for other in others {
            assert!(other.await.unwrap());
        }
        // The first look began before the others asked, so it is not theirs.
        assert_eq!(looks.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_cancelled_refresh_is_nobodys() {
        let single_flight = SingleFlight::default();
        let never = single_flight.shared(std::future::pending::<bool>);
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(1), never).await;
        assert!(given_up.is_err());
        assert!(single_flight.shared(|| async { true }).await);
        assert!(!single_flight.shared(|| async { false }).await);
    }
}
