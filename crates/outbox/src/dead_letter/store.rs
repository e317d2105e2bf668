//! The table of dead letters, as an operator's desk needs it.

use crate::checkpoint::{InboxStore, TopicPartition};
use crate::dead_letter::{DeadLetter, LetterAction, LetterFilter, LetterView};
use crate::error::StoreError;
use crate::outbox::OutboxStore;

/// Dead letters in a service's database. A *line* is the letters of one key in one
/// partition, in the order of their offsets; a letter without a key is a line of its own.
pub trait LetterStore: InboxStore + OutboxStore {
    /// The first letter of each line of `group` that `filter` lets through, longest parked
    /// first, with the number of those behind it.
    fn lines(
        &self,
        group: &str,
        filter: &LetterFilter,
    ) -> impl Future<Output = Result<Vec<LetterView>, StoreError>> + Send;

    /// The letter `id`, if it is there.
    fn letter(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<DeadLetter>, StoreError>> + Send;

    /// The line of `letter`, in order: its first `limit` letters from `from` on, and how
    /// many there are from there.
    fn line(
        &self,
        tx: &mut Self::Tx,
        letter: &DeadLetter,
        from: i64,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<DeadLetter>, u64), StoreError>> + Send;

    /// Takes letters away.
    fn unpark(
        &self,
        tx: &mut Self::Tx,
        ids: &[String],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes a letter's reason, attempts and whether it waits anew.
    fn repark(
        &self,
        tx: &mut Self::Tx,
        letter: &DeadLetter,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Raises the epoch of a checkpoint, so that the inbox that has the partition claims it
    /// anew and forgets what it knew of parked keys.
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
        action: &LetterAction,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What operators did, newest first.
    fn actions(
        &self,
        group: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<LetterAction>, StoreError>> + Send;
}
