//! Local copies.

use std::collections::BTreeMap;

use outbox::{OutboxStore, StoreError};
use replica::{Replica, ReplicaStore, Versioned};
use uuid::Uuid;

use crate::{Broken, Rule};

impl<R: Replica, D: OutboxStore + ReplicaStore<R>> ReplicaStore<R> for Broken<D> {
    async fn versions(
        &self,
        tx: &mut Self::Tx,
        ids: &[Uuid],
    ) -> Result<BTreeMap<Uuid, u64>, StoreError> {
        let mut versions = self.right.versions(&mut tx.right, ids).await?;
        if self.breaks(Rule::VersionGuard) {
            versions.clear();
        }
        Ok(versions)
    }

    async fn save(&self, tx: &mut Self::Tx, copies: &[Versioned<R>]) -> Result<(), StoreError> {
        if !self.breaks(Rule::VersionGuard) {
            return self.right.save(&mut tx.right, copies).await;
        }
        let ids: Vec<Uuid> = copies.iter().map(|copy| copy.id).collect();
        let known = self.right.versions(&mut tx.right, &ids).await?;
        // The right store refuses what is not newer: an older state comes as a newer one.
        let forged = |copy: &Versioned<R>| Versioned {
            version: known
                .get(&copy.id)
                .map_or(copy.version, |known| copy.version.max(known + 1)),
            ..copy.clone()
        };
        let copies: Vec<_> = copies.iter().map(forged).collect();
        self.right.save(&mut tx.right, &copies).await
    }

    async fn by_id(&self, id: Uuid) -> Result<Option<Versioned<R>>, StoreError> {
        self.right.by_id(id).await
    }
}
