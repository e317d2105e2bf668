//! The copies in MongoDB.

use std::collections::BTreeMap;

use bson::{Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use mongodb::Collection;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout, read_stored};
use serde::Deserialize;
use uuid::Uuid;

use crate::store::ReplicaStore;
use crate::{Replica, Versioned};

#[derive(Deserialize)]
struct VersionDocument {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    version: i64,
}

/// The copies that `filter` matches, as the transaction sees them: for what a service reads in its
/// own way.
///
/// # Errors
/// A store error, permanent when a document is not a copy.
pub async fn find<R: Replica>(
    tx: &mut MongoTx,
    filter: Document,
) -> Result<Vec<Versioned<R>>, StoreError> {
    let found: Vec<RawDocumentBuf> = tx.find(R::COLLECTION, filter, None).await?;
    found.iter().map(|stored| read(stored)).collect()
}

impl<R: Replica> ReplicaStore<R> for MongoDatabase {
    async fn versions(
        &self,
        tx: &mut MongoTx,
        ids: &[Uuid],
    ) -> Result<BTreeMap<Uuid, u64>, StoreError> {
        let ids: Vec<bson::Uuid> = ids.iter().copied().map(bson::Uuid::from).collect();
        let (filter, fields) = (doc! { "_id": { "$in": ids } }, doc! { "version": 1 });
        let found: Vec<VersionDocument> = tx.find(R::COLLECTION, filter, Some(fields)).await?;
        let version = |it: VersionDocument| (it.id.into(), it.version.cast_unsigned());
        Ok(found.into_iter().map(version).collect())
    }

    async fn save(&self, tx: &mut MongoTx, copies: &[Versioned<R>]) -> Result<(), StoreError> {
        // Where the copy is not older the guard finds nothing, the upsert then meets the document
        // that is there, and the duplicate key is a conflict. The whole document is replaced: what
        // the owner leaves out now, such as an address, is gone here too.
        let statements = copies.iter().map(|copy| {
            Ok(doc! {
                "q": {
                    "_id": bson::Uuid::from(copy.id),
                    "version": { "$lt": copy.version.cast_signed() },
                },
                "u": document(copy)?,
                "upsert": true,
            })
        });
        let statements = statements.collect::<Result<_, StoreError>>()?;
        let written = tx.update(R::COLLECTION, statements).await?;
        if usize::try_from(written).is_ok_and(|written| written == copies.len()) {
            Ok(())
        } else {
            Err(StoreError::conflict("a copy is not older by now"))
        }
    }

    async fn by_id(&self, id: Uuid) -> Result<Option<Versioned<R>>, StoreError> {
        let copies: Collection<RawDocumentBuf> = self.database().collection(R::COLLECTION);
        let found = copies.find_one(doc! { "_id": bson::Uuid::from(id) });
        let found = found.with_timeout().await?;
        found.map(|stored| read(&stored)).transpose()
    }
}

/// What a copy's document has besides `_id`.
pub(crate) fn document<R: Replica>(copy: &Versioned<R>) -> Result<Document, StoreError> {
    let mut state = bson::serialize_to_document(&copy.state).map_err(StoreError::permanent)?;
    state.insert("version", copy.version.cast_signed());
    Ok(state)
}

/// Reads a copy's document.
///
/// # Errors
/// Permanent, with the document's id, when it is not a copy.
pub(crate) fn read<R: Replica>(stored: &RawDocument) -> Result<Versioned<R>, StoreError> {
    let (id, version) = (stored.get("_id"), stored.get("version"));
    read_stored(R::COLLECTION, stored, |state| match (id, version) {
        (Ok(Some(RawBsonRef::Binary(id))), Ok(Some(RawBsonRef::Int64(version)))) => Ok(Versioned {
            id: Uuid::from_slice(id.bytes).map_err(StoreError::permanent)?,
            version: version.cast_unsigned(),
            state,
        }),
        _ => Err(StoreError::permanent("it has no id or no version")),
    })
}
