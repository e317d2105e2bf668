//! What may go wrong at an adapter in memory, for whoever simulates it.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::error::StoreError;

/// A point at which an adapter in memory may be held up, fail, or never come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A transaction is to be opened.
    Begin,
    /// Something is to be read inside a transaction.
    Read,
    /// Something is to be written inside a transaction.
    Write,
    /// A transaction is to be committed: a fault here leaves no change.
    Commit,
    /// A transaction is committed: a fault here is a commit whose outcome is unknown.
    Committed,
    /// The outbox is to be read.
    Pending,
    /// Published records are to be deleted.
    Remove,
    /// They are deleted.
    Removed,
    /// The publisher's lease is to be taken or renewed.
    Lease,
    /// It is.
    Leased,
    /// Partitions are to be taken over.
    Claim,
    /// They are.
    Claimed,
    /// A message is to be published: a fault here leaves it and those behind it unpublished.
    Publish,
    /// A message is in its topic: a fault here leaves those behind it unpublished.
    Published,
    /// Jobs are to be taken.
    Take,
    /// They are.
    Taken,
    /// What came of jobs, or a longer lease, is to be written outside a transaction.
    Job,
    /// It is.
    JobWritten,
}

/// Decides what goes wrong. One for each instance of a service, so that each fails on its own.
pub trait Faults: Send + Sync + 'static {
    /// Comes back when the step may be taken, or with the fault that it meets. It may take
    /// its time, or for ever.
    fn meet(&self, step: Step) -> BoxFuture<'_, Result<(), StoreError>>;

    /// How often a message that is published lands in its topic, at least once.
    fn copies(&self) -> usize {
        1
    }

    /// How many of `there` records of a partition a consumer is given now.
    fn deliver(&self, there: usize) -> usize {
        there
    }

    /// Whether a read is answered with what was true before the latest change, as by a
    /// reader that has kept it. Guards have to notice.
    fn stale(&self) -> bool {
        false
    }

    /// A wait of at most `bound`.
    fn jitter(&self, bound: Duration) -> Duration;
}
