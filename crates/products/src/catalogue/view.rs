//! What is held of the database, and bringing it up to date.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use futures::TryStreamExt;
use outbox::StoreError;

use tokio::time::Instant;

use super::index::CatalogueIndex;
use crate::store::Listed;
use crate::store::changes::{Marks, ProductChanges, Since};

/// How long a look may take; others wait behind it.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long ago the last refresh may be: a log that is not used is removed after an hour.
const FORGOTTEN: Duration = Duration::from_mins(10);

/// The products, once they are read, and where they come from.
pub(super) struct Held {
    pub(super) changes: ProductChanges,
    view: RwLock<Option<View>>,
    most_bytes: usize,
}

/// Products as they were at some moment, at the earliest when the marks were read.
pub(super) struct View {
    pub(super) index: CatalogueIndex,
    marks: Marks,
    /// When its reader looked last.
    looked: Instant,
}

impl Held {
    pub(super) fn new(changes: ProductChanges, most_bytes: usize) -> Self {
        Self {
            changes,
            view: RwLock::default(),
            most_bytes,
        }
    }

    pub(super) fn view(&self) -> RwLockReadGuard<'_, Option<View>> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds `view` from now on.
    pub(super) fn put(&self, view: Option<View>) {
        *self.view_mut() = view;
    }

    fn view_mut(&self) -> RwLockWriteGuard<'_, Option<View>> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the view up to date; whether that worked.
    pub(super) async fn refresh(&self) -> bool {
        let known = |view: &View| (view.marks.clone(), view.looked.elapsed());
        let Some((marks, age)) = self.view().as_ref().map(known) else {
            return false;
        };
        if age > FORGOTTEN {
            self.put(None);
            return false;
        }
        let looked = Instant::now();
        let late = |_| StoreError::transient("the database takes too long to say what changed");
        let changes_since = tokio::time::timeout(PATIENCE, self.changes_since(&marks)).await;
        match changes_since.map_err(late).flatten() {
            Ok(Some((products, now))) => {
                if let Some(view) = self.view_mut().as_mut() {
                    for product in products {
                        view.index.put(product);
                    }
                    view.marks = now;
                    view.looked = looked;
                }
                true
            }
            Ok(None) => {
                tracing::debug!("more products changed than the database remembers");
                self.put(None);
                false
            }
            Err(fault) => {
                tracing::debug!(%fault, "the catalogue in memory may be old");
                false
            }
        }
    }

    async fn changes_since(
        &self,
        marks: &Marks,
    ) -> Result<Option<(Vec<Listed>, Marks)>, StoreError> {
        match self.changes.since(marks).await? {
            Since::TooMuch => Ok(None),
            Since::Changed(ids, now) if ids.is_empty() => Ok(Some((Vec::new(), now))),
            Since::Changed(ids, now) => Ok(Some((self.changes.products(&ids).await?, now))),
        }
    }

    /// All products; `None` when they are too many.
    pub(super) async fn load(&self) -> Result<Option<View>, StoreError> {
        // First: whatever changes while the products are read is read once more.
        let looked = Instant::now();
        let marks = self.changes.marks().await?;
        let mut index = CatalogueIndex::default();
        let mut products = self.changes.all().await?;
        while let Some(product) = products.try_next().await? {
            index.put(product);
            if index.bytes() > self.most_bytes {
                tracing::warn!(
                    products = index.len(),
                    bytes = self.most_bytes,
                    "the catalogue is too large for memory; the database answers for it"
                );
                return Ok(None);
            }
        }
        tracing::debug!(
            products = index.len(),
            bytes = index.bytes(),
            "the catalogue is in memory"
        );
        Ok(Some(View {
            index,
            marks,
            looked,
        }))
    }
}
