//! Deletes what is published, a few rounds' records at a time.
//!
//! A deletion is a durable write of its own, so one for each round would cost as much as
//! the transactions that filled the table. Until it is done the rounds pass its records
//! over; after a crash they are published again, which consumers do not mind.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use crate::error::StoreError;
use crate::outbox::OutboxStore;

/// How long a published record may lie in the table before its deletion begins.
const PATIENCE: Duration = Duration::from_millis(100);

/// The records that the broker has and the table still holds.
#[derive(Default)]
pub(super) struct Sweeping {
    published: Vec<Uuid>,
    since: Option<Instant>,
    under_way: Option<Deletion>,
}

/// The records of a deletion and its end.
type Deletion = (Vec<Uuid>, JoinHandle<Result<(), StoreError>>);

impl Sweeping {
    /// Those that a round must pass over.
    pub(super) fn passed_over(&self) -> Vec<Uuid> {
        let deleting = self.under_way.iter().flat_map(|(ids, _)| ids);
        self.published.iter().chain(deleting).copied().collect()
    }

    pub(super) fn add(&mut self, ids: Vec<Uuid>) {
        self.published.extend(ids);
        self.since.get_or_insert_with(Instant::now);
    }

    /// When the next deletion is due, if anything is to be deleted.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + PATIENCE)
    }

    /// Begins a deletion when one is due or `limit` records wait for it. Waits for the one
    /// before it, so that there is one at a time.
    pub(super) async fn go_on<D: OutboxStore>(
        &mut self,
        database: &D,
        limit: usize,
    ) -> Result<(), StoreError> {
        // One that has failed is to be known of even when nothing else comes to be deleted.
        let ended = |(_, deletion): &Deletion| deletion.is_finished();
        if self.under_way.as_ref().is_some_and(ended) {
            self.finish_one().await?;
        }
        let due = self.due().is_some_and(|due| due <= Instant::now());
        if !due && self.published.len() < limit {
            return Ok(());
        }
        self.finish_one().await?;
        let ids = std::mem::take(&mut self.published);
        self.since = None;
        let (database, published) = (database.clone(), ids.clone());
        let deletion = tokio::spawn(async move { database.remove(&published).await });
        self.under_way = Some((ids, deletion));
        Ok(())
    }

    /// Deletes all that is left.
    pub(super) async fn finish<D: OutboxStore>(&mut self, database: &D) -> Result<(), StoreError> {
        self.finish_one().await?;
        let ids = std::mem::take(&mut self.published);
        self.since = None;
        if ids.is_empty() {
            Ok(())
        } else {
            database.remove(&ids).await
        }
    }

    async fn finish_one(&mut self) -> Result<(), StoreError> {
        let Some((_, deletion)) = self.under_way.take() else {
            return Ok(());
        };
        deletion.await.map_err(StoreError::transient)?
    }
}
