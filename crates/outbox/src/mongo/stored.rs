//! Reading a document of which nobody knows whether it is as it should be.

use bson::{RawBsonRef, RawDocument};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::StoreError;

/// Reads `stored`, a document of `collection`.
///
/// # Errors
/// Permanent, with the document's id, when it can't be read.
pub fn read_stored<S: DeserializeOwned, T>(
    collection: &str,
    stored: &RawDocument,
    into_domain: impl FnOnce(S) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let read = bson::deserialize_from_slice(stored.as_bytes()).map_err(StoreError::unreadable);
    read.and_then(into_domain).map_err(|fault| {
        let id = match stored.get("_id") {
            Ok(Some(RawBsonRef::Binary(id))) => {
                Uuid::from_slice(id.bytes).map_or_else(|_| format!("{id:?}"), |id| id.to_string())
            }
            other => format!("{other:?}"),
        };
        StoreError::unreadable(format!("{id} in {collection} can't be read: {fault}"))
    })
}
