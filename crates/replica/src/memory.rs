//! The copies in memory, so that a simulation runs the same guard.

use std::collections::BTreeMap;
use std::sync::Arc;

use outbox::StoreError;
use outbox::memory::{MemoryDatabase, MemoryTx, Step, Tables};
use uuid::Uuid;

use crate::store::ReplicaStore;
use crate::{Replica, Versioned};

/// The copies of the type `R`, by id: a part of the state of a service that keeps them, which gives
/// it by `AsMut`.
pub type Table<R> = BTreeMap<Uuid, Arc<Versioned<R>>>;

impl<R, S> ReplicaStore<R> for MemoryDatabase<S>
where
    R: Replica,
    S: AsMut<Table<R>> + Tables,
{
    async fn versions(
        &self,
        tx: &mut MemoryTx<S>,
        ids: &[Uuid],
    ) -> Result<BTreeMap<Uuid, u64>, StoreError> {
        self.meet(Step::Read).await?;
        let table = tx.state.as_mut();
        let version = |id: &Uuid| Some((*id, table.get(id)?.version));
        Ok(ids.iter().filter_map(version).collect())
    }

    async fn save(&self, tx: &mut MemoryTx<S>, copies: &[Versioned<R>]) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for copy in copies {
            let former = tx.state.as_mut().insert(copy.id, Arc::new(copy.clone()));
            if former.is_some_and(|former| former.version >= copy.version) {
                return Err(StoreError::conflict("a copy is not older by now"));
            }
        }
        Ok(())
    }

    async fn by_id(&self, id: Uuid) -> Result<Option<Versioned<R>>, StoreError> {
        let found = self.state().as_mut().get(&id).cloned();
        Ok(found.map(Arc::unwrap_or_clone))
    }
}
