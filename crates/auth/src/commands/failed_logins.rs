//! Who failed to log in lately, and has to wait.
//!
//! What is counted is one address at one account, whether there is such an account or not: nobody
//! can keep an account's owner out by failing in their name elsewhere. It is kept in memory, by
//! each instance for itself.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::Entry;
use moka::ops::compute::Op;
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

#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    count: u32,
    /// Logins that were admitted and whose outcome is not known yet.
    under_way: u32,
    next: Timestamp,
}

/// A login that may be tried. Until its outcome is known it counts as a failure, so that many at
/// once have no more tries than one after the other; dropped without an outcome, it counts for
/// nothing.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    logins: &'a FailedLogins,
    key: Key,
    outcome: Option<Outcome>,
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Failed(Timestamp),
    Succeeded,
}

impl FailedLogins {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_idle(FORGOTTEN)
            .build();
        Self(cache)
    }

    /// Admits `address` to one try at `email`.
    ///
    /// # Errors
    /// How long it has to wait from `now`.
    pub(crate) fn begin(
        &self,
        email: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt<'_>, SignedDuration> {
        let key = key(email, address);
        let mut wait = SignedDuration::ZERO;
        self.change(key, |failures| {
            wait = failures.wait(now);
            if !wait.is_positive() {
                failures.under_way += 1;
            }
        });
        if wait.is_positive() {
            return Err(wait);
        }
        Ok(Attempt {
            logins: self,
            key,
            outcome: None,
        })
    }

    /// Changes what is known of `key`, with nobody else at it meanwhile.
    fn change(&self, key: Key, change: impl FnOnce(&mut Failures)) {
        self.0.entry(key).and_compute_with(|known| {
            let mut failures = known.map(Entry::into_value).unwrap_or_default();
            change(&mut failures);
            if failures.count == 0 && failures.under_way == 0 {
                Op::Remove
            } else {
                Op::Put(failures)
            }
        });
    }
}

impl Failures {
    fn wait(&self, now: Timestamp) -> SignedDuration {
        if self.under_way == 0 {
            self.next.duration_since(now)
        } else {
            delay_after(self.count.saturating_add(self.under_way))
        }
    }
}

impl Attempt<'_> {
    /// One more failure.
    pub(crate) fn failed(mut self, now: Timestamp) {
        self.outcome = Some(Outcome::Failed(now));
    }

    /// The owner was there: what failed before was theirs.
    pub(crate) fn succeeded(mut self) {
        self.outcome = Some(Outcome::Succeeded);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.logins.change(self.key, |failures| {
            failures.under_way = failures.under_way.saturating_sub(1);
            match self.outcome {
                None => {}
                Some(Outcome::Succeeded) => failures.count = 0,
                Some(Outcome::Failed(now)) => {
                    failures.count = failures.count.saturating_add(1);
                    let delay = delay_after(failures.count);
                    failures.next = now.saturating_add(delay).unwrap_or(now);
                }
            }
        });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FREE_FAILURES;

    const EMAIL: &str = "a@b.com";
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn begin(logins: &FailedLogins) -> Result<Attempt<'_>, SignedDuration> {
        logins.begin(EMAIL, None, NOW)
    }

    #[test]
    fn logins_at_once_have_as_many_tries_as_one_after_the_other() {
        let logins = FailedLogins::new();
        let attempts: Vec<_> = (0..FREE_FAILURES)
            .map(|_| begin(&logins).unwrap())
            .collect();
        let second = SignedDuration::from_secs(1);
        assert_eq!(begin(&logins).unwrap_err(), second);
        for attempt in attempts {
            attempt.failed(NOW);
            assert_eq!(begin(&logins).unwrap_err(), second);
        }
        // Its wait is over: one may try, and no second one beside it.
        let next = logins.begin(EMAIL, None, NOW + second).unwrap();
        let beside = logins.begin(EMAIL, None, NOW + second);
        assert_eq!(beside.unwrap_err(), second * 2);
        next.failed(NOW + second);
        assert_eq!(
            logins.begin(EMAIL, None, NOW + second).unwrap_err(),
            second * 2
        );
    }

    #[test]
    fn an_attempt_without_an_outcome_counts_for_nothing() {
        let logins = FailedLogins::new();
        for _ in 0..FREE_FAILURES * 2 {
            drop(begin(&logins).unwrap());
        }
        assert!(!logins.0.contains_key(&key(EMAIL, None)));
    }

    #[test]
    fn who_succeeds_begins_anew_and_what_is_under_way_still_counts() {
        let logins = FailedLogins::new();
        for _ in 0..FREE_FAILURES - 2 {
            begin(&logins).unwrap().failed(NOW);
        }
        let (owner, other) = (begin(&logins).unwrap(), begin(&logins).unwrap());
        owner.succeeded();
        other.failed(NOW);
        for _ in 0..FREE_FAILURES - 1 {
            begin(&logins).unwrap().failed(NOW);
        }
        assert_eq!(begin(&logins).unwrap_err(), SignedDuration::from_secs(1));
    }
}
