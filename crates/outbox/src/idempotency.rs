//! Requests that may be repeated: the same key with the same request gets the first answer again.
//!
//! The rule is the IETF draft's (draft-ietf-httpapi-idempotency-key-header): with another request the
//! key is refused. A record of the answer is written in the transaction that makes it, so there is one
//! exactly if the request has taken effect; a request that was refused may be tried again. Two at once
//! write one record: one of them meets a conflict, runs again, and finds the other's.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::rows::{Collection, Index};

/// How long a record is kept, in days. A week is longer than any client keeps trying, and it bounds the
/// table.
pub const IDEMPOTENCY_DAYS: u64 = 7;

/// A document is the record of a request.
pub const COLLECTION: Collection = Collection::new(
    "idempotency",
    &[Index::on(&["created_at"])
        .expires_after(Duration::from_secs(IDEMPOTENCY_DAYS * 24 * 60 * 60))
        .named("forget")],
);

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// A request's key and what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryKey {
    /// The caller and the key: two callers may choose the same key.
    pub key: Digest,
    /// What is asked for.
    pub body: Digest,
}

impl RetryKey {
    /// The digests of `key` as `caller` sent it with a request of this fingerprint. The callers of one table have
    /// names of one length, such as ids or digests: the key follows the name without a mark between them.
    pub fn new(caller: &[u8], key: &str, asked: Fingerprint) -> Self {
        let key = Sha256::new().chain_update(caller).chain_update(key);
        Self {
            key: key.finalize().into(),
            body: asked.0.finalize().into(),
        }
    }
}

/// What a request asks for, value by value.
#[derive(Debug, Clone, Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// And this text. With its length before it, no two lists of texts look the same.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.0.update(text.len().to_be_bytes());
        self.0.update(text);
        self
    }

    /// And this value of as many bytes as all of its kind.
    #[must_use]
    pub fn value<const N: usize>(mut self, bytes: [u8; N]) -> Self {
        self.0.update(bytes);
        self
    }
}

/// The record of a request that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyRecord<A> {
    /// The caller and the key.
    pub key: Digest,
    /// What was asked for.
    pub body: Digest,
    /// The answer, or what it is made from.
    pub answer: A,
    /// When; it is forgotten [`IDEMPOTENCY_DAYS`] later.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_caller_key_or_request_differs() {
        let asked = || Fingerprint::default().text("a").text("bc").value([1_u8]);
        let first = RetryKey::new(b"me", "k", asked());
        assert_eq!(first, RetryKey::new(b"me", "k", asked()));
        assert_ne!(first.key, RetryKey::new(b"you", "k", asked()).key);
        assert_ne!(first.key, RetryKey::new(b"me", "l", asked()).key);
        for other in [
            Fingerprint::default().text("ab").text("c").value([1_u8]),
            Fingerprint::default().text("a").text("bc").value([2_u8]),
            Fingerprint::default().text("a").text("bc"),
        ] {
            assert_ne!(first.body, RetryKey::new(b"me", "k", other).body);
        }
    }
}
