//! Faults of a store, opaque but for what the caller can do about them.

use std::error::Error as StdError;
use std::fmt;

/// What a caller can do about a [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The store is out of reach or changing its leader: try again later.
    Transient,
    /// Someone else changed the same data first: read again, decide again.
    Conflict,
    /// This transaction's right to write was taken over by another owner.
    Fenced,
    /// Trying again will give the same: a bug, bad data or a wrong configuration.
    Permanent,
}

/// A fault of a store. What failed is in its source, for the log; what to do is its [`kind`](Self::kind).
#[derive(Debug)]
pub struct StoreError {
    kind: ErrorKind,
    unreadable: bool,
    source: Box<dyn StdError + Send + Sync>,
}

impl StoreError {
    /// A fault of the given kind with its cause.
    pub fn new(kind: ErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            kind,
            unreadable: false,
            source: source.into(),
        }
    }

    /// A stored document that this build can't read: a newer one may have written it, so whoever
    /// came upon it is not to blame.
    pub fn unreadable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            unreadable: true,
            ..Self::permanent(source)
        }
    }

    /// A conflict: a guard did not match what was read.
    pub fn conflict(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, what.into())
    }

    /// A fault that trying again will not mend.
    pub fn permanent(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Permanent, source)
    }

    /// A fault that passes by itself.
    pub fn transient(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Transient, source)
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether what was to be written will never be taken.
    pub fn is_refusal(&self) -> bool {
        self.kind == ErrorKind::Permanent && !self.unreadable
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ErrorKind::Transient => "the store is unavailable",
            ErrorKind::Conflict => "the data changed concurrently",
            ErrorKind::Fenced => "another owner has taken over",
            ErrorKind::Permanent if self.unreadable => "the store has what can't be read",
            ErrorKind::Permanent => "the store refused",
        };
        write!(f, "{kind}: {}", self.source)
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}
