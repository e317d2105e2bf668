//! Typed rows of a service's own collections.
//!
//! A [`Row`] is a document that is read and written whole; [`Rows`] does it inside of a transaction and
//! outside, over MongoDB and over memory, so that a service that needs no more is simulated as it is.
//! Where one statement has to do it, a service's store writes that by hand, over a [`Collection`]
//! that it declares in the same way.
//!
//! - **Ids and times** have one form: [`as_uuid`], [`as_time`], [`as_bytes`].
//! - **A conflict** is what it is in MongoDB: an id or a unique index that is taken, or a row that
//!   another transaction has changed since this one began. The transaction runs again then.
//! - **Queries** are MongoDB's filters. Memory understands equality, `$in`, `$ne`, `$exists`, `$and`, `$or`, and
//!   `$lt`, `$lte`, `$gt`, `$gte` and orders of what is neither null nor an array or a document, on the
//!   fields of a row itself. It refuses any other, and doubles.

mod collection;
mod format;
mod query;

use bson::{Bson, doc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::transaction::Database;

pub use collection::{Collection, Index};
pub use format::{as_bytes, as_time, as_uuid};
pub use query::Query;

/// A document of a collection, by its `_id`.
pub trait Row: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where they are.
    const COLLECTION: &'static Collection;
}

/// A database that keeps rows.
pub trait Rows: Database {
    /// The rows that `query` asks for, as the transaction sees them.
    fn find<R: Row>(
        &self,
        tx: &mut Self::Tx,
        query: impl Into<Query> + Send,
    ) -> impl Future<Output = Result<Vec<R>, StoreError>> + Send;

    /// Writes new rows.
    ///
    /// # Errors
    /// A conflict when an id, or what has to be unique, is taken by now.
    fn insert<R: Row>(
        &self,
        tx: &mut Self::Tx,
        rows: &[R],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes rows over those of the same ids.
    ///
    /// # Errors
    /// A conflict when one is not there, or was changed since the transaction began.
    fn replace<R: Row>(
        &self,
        tx: &mut Self::Tx,
        rows: &[R],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes the rows of these ids; what is not there is left out.
    ///
    /// # Errors
    /// A conflict when one was changed since the transaction began.
    fn remove<R: Row>(
        &self,
        tx: &mut Self::Tx,
        ids: Vec<Bson>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The rows that `query` asks for as they are now, outside of any transaction.
    fn read<R: Row>(
        &self,
        query: impl Into<Query> + Send,
    ) -> impl Future<Output = Result<Vec<R>, StoreError>> + Send;

    /// The row of that id, as the transaction sees it.
    fn get<R: Row>(
        &self,
        tx: &mut Self::Tx,
        id: impl Into<Bson> + Send,
    ) -> impl Future<Output = Result<Option<R>, StoreError>> + Send {
        async move {
            let found = self.find(tx, doc! { "_id": id.into() }).await?;
            Ok(found.into_iter().next())
        }
    }
}
