//! Who failed to log in lately, and has to wait.
//!
//! What is counted is one address at one account, whether there is such an account or not: nobody can keep an
//! account's owner out by failing in their name elsewhere. It is kept in memory, by each instance for itself.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::domain::delay_after;

/// Most pairs remembered, about 100 bytes each.
const REMEMBERED: u64 = 100_000;
/// Who has not failed for so long begins anew. Longer than the longest wait.
const FORGOTTEN: Duration = Duration::from_hours(1);

/// Failures in a row by account and address.
#[derive(Debug)]
pub struct FailedLogins(Cache<Key, Failures>);

/// SHA-256 of account and address: a short key, and no address of a person in memory.
type Key = [u8; 32];

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    next: Timestamp,
}

impl FailedLogins {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_idle(FORGOTTEN)
            .build();
        Self(cache)
    }

    /// How long `address` has to wait before it may try `email` again.
    ///
    /// # Errors
    /// That time, when it is not over at `now`.
    pub(crate) fn check(
        &self,
        email: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), SignedDuration> {
        let wait = match self.0.get(&key(email, address)) {
            Some(failures) => failures.next.duration_since(now),
            None => SignedDuration::ZERO,
        };
        if wait.is_positive() {
            Err(wait)
        } else {
            Ok(())
        }
    }

    /// One more failure.
    pub(crate) fn failed(&self, email: &str, address: Option<IpAddr>, now: Timestamp) {
        let entry = self.0.entry(key(email, address));
        entry.and_upsert_with(|before| {
            let before = before.map_or(0, |entry| entry.into_value().count);
            let count = before.saturating_add(1);
            let next = now.saturating_add(delay_after(count)).unwrap_or(now);
            Failures { count, next }
        });
    }

    /// The owner was there: what failed before was theirs.
    pub(crate) fn succeeded(&self, email: &str, address: Option<IpAddr>) {
        self.0.invalidate(&key(email, address));
    }
}

fn key(email: &str, address: Option<IpAddr>) -> Key {
    let mut hash = Sha256::new();
    hash.update(email.trim().to_lowercase());
    hash.update([0]);
    if let Some(address) = address {
        hash.update(address.to_string());
    }
    hash.finalize().into()
}
