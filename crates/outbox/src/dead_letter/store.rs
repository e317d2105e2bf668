//! The table of dead letters, as operators need it.

use futures::future::BoxFuture;

use crate::checkpoint::TopicPartition;
use crate::dead_letter::{DeadLetter, DeadLetterAction, DeadLetterFilter, DeadLetterView};
use crate::error::StoreError;
use crate::inbox::InboxStore;
use crate::outbox::OutboxStore;
use crate::source::Record;

/// Dead letters in a service's database. A *line* is the dead letters of one key in one
/// partition, in the order of their offsets; a dead letter without a key is a line of its own.
pub trait DeadLetterStore: InboxStore + OutboxStore {
    /// The first dead letter of each line of `group` that `filter` lets through, longest
    /// dead-lettered first, with the number of those behind it.
    fn lines(
        &self,
        group: &str,
        filter: &DeadLetterFilter,
    ) -> impl Future<Output = Result<Vec<DeadLetterView>, StoreError>> + Send;

    /// The dead letter `id`, if it is there.
    fn dead_letter(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<DeadLetter>, StoreError>> + Send;

    /// The line of `dead_letter`, in order: its first `limit` dead letters from `from` on, and how
    /// many there are from there.
    fn line(
        &self,
        tx: &mut Self::Tx,
        dead_letter: &DeadLetter,
        from: i64,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<DeadLetter>, u64), StoreError>> + Send;

    /// Takes dead letters away.
    fn remove_dead_letters(
        &self,
        tx: &mut Self::Tx,
        ids: &[String],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes a dead letter's reason, attempts and whether it waits anew.
    fn update_dead_letter(
        &self,
        tx: &mut Self::Tx,
        dead_letter: &DeadLetter,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Raises the epoch of a checkpoint, so that the inbox that has the partition claims it
    /// anew and forgets what it knew of dead-lettered keys.
    fn fence(
        &self,
        tx: &mut Self::Tx,
        group: &str,
        at: &TopicPartition,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps what an operator did.
    fn write_action(
        &self,
        tx: &mut Self::Tx,
        group: &str,
        action: &DeadLetterAction,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What operators did, newest first.
    fn actions(
        &self,
        group: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<DeadLetterAction>, StoreError>> + Send;
}

/// Where the records lie that dead letters are made of, for those that were too large to be kept.
pub trait Originals: Send + Sync + 'static {
    /// The record at `offset` of `at`; `None` when there is none any more.
    fn original<'a>(
        &'a self,
        at: &'a TopicPartition,
        offset: i64,
    ) -> BoxFuture<'a, Result<Option<Record>, StoreError>>;
}
