//! What the guard needs of a database.

use std::collections::BTreeMap;

use outbox::{Database, StoreError};
use uuid::Uuid;

use crate::{Replica, Versioned};

/// The copies of the type `R` in a service's database.
pub trait ReplicaStore<R: Replica>: Database {
    /// The versions of the copies of these ids; unknown ones are left out.
    fn versions(
        &self,
        tx: &mut Self::Tx,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<BTreeMap<Uuid, u64>, StoreError>> + Send;

    /// Writes copies, each over an older one or over none.
    ///
    /// # Errors
    /// A conflict when a copy is not older by now.
    fn save(
        &self,
        tx: &mut Self::Tx,
        copies: &[Versioned<R>],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The copy of `id` as it is now, outside of any transaction: for jobs and endpoints.
    fn by_id(
        &self,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<Versioned<R>>, StoreError>> + Send;
}
