//! Password hashing off the async threads, bounded: a crowd that logs in can neither stop the
//! service's other work nor take all of its memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::CryptoError;
use super::argon::{self, PasswordHash};
use crate::domain::Password;

/// Hashes passwords, a few at once, with a queue that ends somewhere.
#[derive(Debug)]
pub struct PasswordPool {
    /// Running and waiting ones together.
    places: Arc<Semaphore>,
    running: Arc<Semaphore>,
    /// Compared with when there is no account, so that this takes as long as if there was.
    dummy: PasswordHash,
    runs: AtomicU64,
}

/// What comparing a password gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Whether it is the right one.
    pub matches: bool,
    /// Whether the stored hash should be replaced by one with today's parameters.
    pub outdated: bool,
}

/// Why no password was hashed.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// Too many are waiting already; in a moment there is room again.
    #[error("too many passwords are waiting to be checked")]
    Busy,
    /// The hasher failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl PasswordPool {
    /// A pool that hashes `concurrency` passwords at once and lets `queue` more wait.
    ///
    /// # Errors
    /// When argon2 does not work at all.
    pub fn new(concurrency: usize, queue: usize) -> Result<Self, CryptoError> {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS / 2);
        let queue = queue.min(Semaphore::MAX_PERMITS / 2);
        Ok(Self {
            places: Arc::new(Semaphore::new(concurrency + queue)),
            running: Arc::new(Semaphore::new(concurrency)),
            dummy: argon::hash(&Password::new("nobody's password"))?,
            runs: AtomicU64::new(0),
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`PoolError::Busy`] at once when the queue is full.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, PoolError> {
        self.run(move || argon::hash(&password)).await
    }

    /// Compares `password`, prepared and as it was typed, with the hash of an account, or, when there is no account, with one
    /// that nothing matches: in the same time.
    ///
    /// # Errors
    /// [`PoolError::Busy`] at once when the queue is full.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<Verified, PoolError> {
        let known = stored.is_some();
        let hash = stored.unwrap_or_else(|| self.dummy.clone());
        self.run(move || {
            let matches = argon::matches(&password, &hash)?;
            // Also after a match, so that the time tells nothing of which one it was.
            let as_typed = match password.as_typed() {
                Some(typed) => argon::matches(&typed, &hash)?,
                None => false,
            };
            Ok(Verified {
                matches: (matches || as_typed) && known,
                outdated: as_typed || argon::is_outdated(&hash)?,
            })
        })
        .await
    }

    /// How often the hasher has run.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, CryptoError> + Send + 'static,
    ) -> Result<T, PoolError> {
        let place = self
            .places
            .clone()
            .try_acquire_owned()
            .map_err(|_| PoolError::Busy)?;
        let turn = self
            .running
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| PoolError::Busy)?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller who goes away frees no core.
            let _permits: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, turn);
            work()
        });
        let result = done
            .await
            .map_err(|cause| CryptoError::new("the password hasher stopped", &cause))?;
        Ok(result?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn nobody_matches_when_there_is_no_account() {
        let pool = PasswordPool::new(1, 1).unwrap();
        let verified = pool
            .verify(Password::new("nobody's password"), None)
            .await
            .unwrap();
        assert!(!verified.matches);
        assert_eq!(pool.runs(), 1);
    }

    #[tokio::test]
    async fn over_the_queue_is_refused_at_once_and_room_comes_back() {
        let pool = Arc::new(PasswordPool::new(1, 1).unwrap());
        let (release, gate) = mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let blocker = pool.clone();
        let first = tokio::spawn(async move {
            let work = move || {
                let _ = started.send(());
                gate.recv()
                    .map_err(|cause| CryptoError::new("gate", &cause))
            };
            blocker.run(work).await
        });
        has_started.await.unwrap();

        let waiter = pool.clone();
        let mut second = std::pin::pin!(waiter.run(|| Ok(())));
        assert!(futures::poll!(&mut second).is_pending());
        let third = pool.hash(Password::new("password")).await;
        assert!(matches!(third, Err(PoolError::Busy)), "{third:?}");

        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        second.await.unwrap();
        pool.hash(Password::new("password")).await.unwrap();
    }

    #[tokio::test]
    async fn a_caller_who_goes_away_keeps_the_core_taken_until_the_work_is_done() {
        let pool = Arc::new(PasswordPool::new(1, 0).unwrap());
        let (release, gate) = mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let gone = pool.clone();
        let task = tokio::spawn(async move {
            let work = move || {
                let _ = started.send(());
                let _ = gate.recv();
                Ok(())
            };
            gone.run(work).await
        });
        has_started.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(matches!(pool.run(|| Ok(())).await, Err(PoolError::Busy)));
        drop(release);
        // The place comes back when the thread ends.
        let limit = std::time::Duration::from_secs(10);
        let place = tokio::time::timeout(limit, pool.places.acquire()).await;
        assert!(place.unwrap().is_ok());
    }
}
