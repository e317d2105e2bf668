//! Password hashing on threads of its own, bounded: a crowd that logs in can neither stop the
//! service's other work nor take all of its memory, and one address not all of the places.
//!
//! The threads give way to all others of the machine: they have what these leave.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};
use rustix::process::setpriority_process;
use rustix::thread::gettid;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::CryptoError;
use super::argon::{self, PasswordHash};
use crate::domain::{Email, InvalidPassword, Password};

/// Hashes passwords, a few at once, with a queue that ends somewhere.
#[derive(Debug)]
pub struct PasswordPool {
    /// Running and waiting ones together.
    places: Arc<Semaphore>,
    threads: ThreadPool,
    by_address: Arc<ByAddress>,
    /// Compared with when there is no account, so that this takes as long as if there was.
    dummy: PasswordHash,
    runs: Arc<AtomicU64>,
}

/// How the threads rank: others get about 25 times as much of a core that both want.
const NICENESS: i32 = 15;

/// How many places each address has taken.
#[derive(Debug)]
struct ByAddress {
    most: Option<NonZeroUsize>,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One of an address's places.
#[derive(Debug)]
struct PlaceOf {
    address: IpAddr,
    all: Arc<ByAddress>,
}

impl ByAddress {
    fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Option<PlaceOf>, PoolError> {
        let (Some(most), Some(address)) = (self.most, address) else {
            return Ok(None);
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.entry(address).or_default();
        if *own >= most.get() {
            return Err(PoolError::TooMany);
        }
        *own += 1;
        let all = Arc::clone(self);
        Ok(Some(PlaceOf { address, all }))
    }
}

impl Drop for PlaceOf {
    fn drop(&mut self) {
        let taken = self.all.taken.lock();
        let mut taken = taken.unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.address);
            }
        }
    }
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
    /// Too many of this address are.
    #[error("too many passwords of one address are waiting to be checked")]
    TooMany,
    /// The hasher failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl PasswordPool {
    /// A pool that hashes `concurrency` passwords at once and lets `queue` more wait; of both
    /// together at most `of_an_address` of one address, if that is not 0.
    ///
    /// # Errors
    /// When argon2 does not work at all, or there are no threads for it.
    pub fn new(
        concurrency: usize,
        queue: usize,
        of_an_address: usize,
    ) -> Result<Self, CryptoError> {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS / 2);
        let queue = queue.min(Semaphore::MAX_PERMITS / 2);
        let threads = ThreadPoolBuilder::new()
            .num_threads(concurrency)
            .thread_name(|number| format!("password-{number}"))
            .start_handler(|_| give_way())
            .build()
            .map_err(|cause| CryptoError::new("there are no threads for passwords", &cause))?;
        Ok(Self {
            places: Arc::new(Semaphore::new(concurrency + queue)),
            threads,
            by_address: Arc::new(ByAddress {
                most: NonZeroUsize::new(of_an_address),
                taken: Mutex::default(),
            }),
            dummy: argon::hash(&Password::new("nobody's password"))?,
            runs: Arc::default(),
        })
    }

    /// [`Password::check_strength`] for the owner of `email`, who is at `address`: it takes time, too.
    ///
    /// # Errors
    /// At once when the queue is full, or the address's part of it.
    pub async fn check_strength(
        &self,
        password: Password,
        email: Email,
        address: Option<IpAddr>,
    ) -> Result<Result<(), InvalidPassword>, PoolError> {
        self.queue(address, move || Ok(password.check_strength(&email)))
            .await
    }

    /// Hashes a new password for whoever is at `address`.
    ///
    /// # Errors
    /// At once when the queue is full, or the address's part of it.
    pub async fn hash(
        &self,
        password: Password,
        address: Option<IpAddr>,
    ) -> Result<PasswordHash, PoolError> {
        self.run(address, move || argon::hash(&password)).await
    }

    /// Compares `password`, prepared and as it was typed, with the hash of an account, or, when
    /// there is no account, with one that nothing matches: in the same time.
    ///
    /// # Errors
    /// At once when the queue is full, or the part of it that `address` has.
    pub async fn verify(
        &self,
        password: Password,
        stored: Option<PasswordHash>,
        address: Option<IpAddr>,
    ) -> Result<Verified, PoolError> {
        let known = stored.is_some();
        let hash = stored.unwrap_or_else(|| self.dummy.clone());
        self.run(address, move || {
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

    /// Runs the hasher.
    async fn run<T: Send + 'static>(
        &self,
        address: Option<IpAddr>,
        work: impl FnOnce() -> Result<T, CryptoError> + Send + 'static,
    ) -> Result<T, PoolError> {
        let runs = Arc::clone(&self.runs);
        let counted = move || {
            runs.fetch_add(1, Ordering::Relaxed);
            work()
        };
        self.queue(address, counted).await
    }

    async fn queue<T: Send + 'static>(
        &self,
        address: Option<IpAddr>,
        work: impl FnOnce() -> Result<T, CryptoError> + Send + 'static,
    ) -> Result<T, PoolError> {
        let of_address = self.by_address.take(address)?;
        let place = self
            .places
            .clone()
            .try_acquire_owned()
            .map_err(|_| PoolError::Busy)?;
        let (done, result) = oneshot::channel();
        self.threads.spawn(move || {
            // Held by the work itself: a caller who goes away frees no core.
            let _places: (OwnedSemaphorePermit, Option<PlaceOf>) = (place, of_address);
            // Nobody waits any more: what has not begun need not.
            if !done.is_closed() {
                let _ = done.send(work());
            }
        });
        let result = result.await;
        Ok(result.map_err(|cause| CryptoError::new("the password hasher stopped", &cause))??)
    }
}

/// Lets every other thread of the machine go first. On Linux a niceness is a thread's own.
fn give_way() {
    if let Err(error) = setpriority_process(Some(gettid()), NICENESS) {
        tracing::warn!(%error, "passwords are hashed at the priority of everything else");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn nobody_matches_when_there_is_no_account() {
        let pool = PasswordPool::new(1, 1, 0).unwrap();
        let verified = pool
            .verify(Password::new("nobody's password"), None, None)
            .await
            .unwrap();
        assert!(!verified.matches);
        assert_eq!(pool.runs(), 1);
    }

    #[tokio::test]
    async fn over_the_queue_is_refused_at_once_and_room_comes_back() {
        let pool = Arc::new(PasswordPool::new(1, 1, 0).unwrap());
        let (release, gate) = mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let blocker = pool.clone();
        let first = tokio::spawn(async move {
            let work = move || {
                let _ = started.send(());
                gate.recv()
                    .map_err(|cause| CryptoError::new("gate", &cause))
            };
            blocker.run(None, work).await
        });
        has_started.await.unwrap();

        let waiter = pool.clone();
        let mut second = std::pin::pin!(waiter.run(None, || Ok(())));
        assert!(futures::poll!(&mut second).is_pending());
        let third = pool.hash(Password::new("password"), None).await;
        assert!(matches!(third, Err(PoolError::Busy)), "{third:?}");

        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        second.await.unwrap();
        pool.hash(Password::new("password"), None).await.unwrap();
    }

    #[tokio::test]
    async fn a_caller_who_goes_away_keeps_the_core_taken_until_the_work_is_done() {
        let pool = Arc::new(PasswordPool::new(1, 0, 0).unwrap());
        let (release, gate) = mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let gone = pool.clone();
        let task = tokio::spawn(async move {
            let work = move || {
                let _ = started.send(());
                let _ = gate.recv();
                Ok(())
            };
            gone.run(None, work).await
        });
        has_started.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(matches!(
            pool.run(None, || Ok(())).await,
            Err(PoolError::Busy)
        ));
        drop(release);
        // The place comes back when the thread ends.
        let limit = std::time::Duration::from_secs(10);
        let place = tokio::time::timeout(limit, pool.places.acquire()).await;
        assert!(place.unwrap().is_ok());
    }

    #[tokio::test]
    async fn one_address_has_a_part_of_the_places_only() {
        let pool = Arc::new(PasswordPool::new(1, 8, 2).unwrap());
        let (release, gate) = mpsc::channel::<()>();
        let address = |last| Some(IpAddr::from([10, 0, 0, last]));
        let mut blocker = std::pin::pin!(pool.run(address(1), move || {
            let _ = gate.recv();
            Ok(())
        }));
        assert!(futures::poll!(&mut blocker).is_pending());
        let mut own = std::pin::pin!(pool.run(address(1), || Ok(())));
        assert!(futures::poll!(&mut own).is_pending());
        let third = pool.run(address(1), || Ok(())).await;
        assert!(matches!(third, Err(PoolError::TooMany)), "{third:?}");
        let mut of_another = std::pin::pin!(pool.run(address(2), || Ok(())));
        assert!(futures::poll!(&mut of_another).is_pending());
        drop(release);
        blocker.await.unwrap();
        own.await.unwrap();
        of_another.await.unwrap();
        pool.run(address(1), || Ok(())).await.unwrap();
    }

    #[test]
    fn hashing_gives_way_to_every_other_thread() {
        let pool = PasswordPool::new(2, 1, 0).unwrap();
        let niceness = pool
            .threads
            .broadcast(|_| rustix::process::getpriority_process(Some(gettid())).unwrap());
        assert_eq!(niceness, [NICENESS; 2]);
        let own = rustix::process::getpriority_process(Some(gettid())).unwrap();
        assert!(own < NICENESS);
    }
}
