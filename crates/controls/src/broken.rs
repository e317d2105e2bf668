//! The wrapper and its transactions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outbox::{Database, OutboxRecord, OutboxStore, StoreError};
use uuid::Uuid;

use crate::Rule;

/// An adapter that passes everything on to a right one and breaks one rule, or none.
#[derive(Clone)]
pub struct Broken<D> {
    pub(crate) right: D,
    rule: Option<Rule>,
    /// The highest id that is known to be published, for [`Rule::UnpagedOutbox`].
    position: Arc<Mutex<Uuid>>,
}

impl<D> Broken<D> {
    /// `right`, but for `rule`.
    pub fn new(right: D, rule: impl Into<Option<Rule>>) -> Self {
        Self {
            right,
            rule: rule.into(),
            position: Arc::default(),
        }
    }

    /// What is behind it, to look at what really is.
    pub fn right(&self) -> &D {
        &self.right
    }

    pub(crate) fn breaks(&self, rule: Rule) -> bool {
        self.rule == Some(rule)
    }

    pub(crate) fn position(&self) -> MutexGuard<'_, Uuid> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open transaction of the right adapter.
pub struct BrokenTx<T> {
    /// The right adapter's own.
    pub right: T,
    /// What is written after the commit, for [`Rule::OutboxInTransaction`].
    pub(crate) held_back: Vec<OutboxRecord>,
}

impl<D: OutboxStore> Database for Broken<D> {
    type Tx = BrokenTx<D::Tx>;

    async fn begin(&self) -> Result<Self::Tx, StoreError> {
        Ok(BrokenTx {
            right: self.right.begin().await?,
            held_back: Vec::new(),
        })
    }

    async fn commit(&self, tx: Self::Tx) -> Result<(), StoreError> {
        self.right.commit(tx.right).await?;
        for record in &tx.held_back {
            let mut late = self.right.begin().await?;
            self.right.append(&mut late, record).await?;
            self.right.commit(late).await?;
        }
        Ok(())
    }

    async fn abort(&self, tx: Self::Tx) {
        self.right.abort(tx.right).await;
    }

    fn jitter(&self, bound: Duration) -> Duration {
        self.right.jitter(bound)
    }
}
