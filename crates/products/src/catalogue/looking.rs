//! One look for all who ask at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// Shares looks: whoever asks gets the outcome of one that began after it asked.
#[derive(Debug, Default)]
pub(super) struct Looking {
    asked: AtomicU64,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    /// Whoever drew a number up to this one had asked when the look began.
    covers: u64,
    outcome: bool,
}

impl Looking {
    /// The outcome of `look`, or of somebody else's that began after this was called.
    pub(super) async fn shared<F>(&self, look: impl FnOnce() -> F) -> bool
    where
        F: Future<Output = bool>,
    {
        let number = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut last = self.last.lock().await;
        if last.covers >= number {
            return last.outcome;
        }
        let covers = self.asked.load(Ordering::Acquire);
        let outcome = look().await;
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
    async fn those_who_wait_share_the_next_look() {
        let looking = Arc::new(Looking::default());
        let (gate, looks) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU64::new(0)));
        let ask = || {
            let (looking, gate, looks) = (looking.clone(), gate.clone(), looks.clone());
            tokio::spawn(async move {
                let look = || async {
                    looks.fetch_add(1, Ordering::SeqCst);
                    gate.acquire().await.is_ok_and(|permit| {
                        permit.forget();
                        true
                    })
                };
                looking.shared(look).await
            })
        };
        let first = ask();
        while looks.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..50).map(|_| ask()).collect();
        while looking.asked.load(Ordering::SeqCst) < 51 {
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
    async fn a_look_given_up_is_nobodys() {
        let looking = Looking::default();
        let never = looking.shared(std::future::pending::<bool>);
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(1), never).await;
        assert!(given_up.is_err());
        assert!(looking.shared(|| async { true }).await);
        assert!(!looking.shared(|| async { false }).await);
    }
}
