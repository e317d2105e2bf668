//! Rows in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::{Bson, Document, doc};

use super::database::{MemoryDatabase, MemoryTx};
use super::faults::Step;
use super::filter::{matches, sort};
use super::tables::Tables;
use crate::error::StoreError;
use crate::rows::{Collection, Query, Row, Rows};

/// The documents of all collections of rows, and what is unique among them. A service's state that has
/// more gives it by `AsRef` and `AsMut`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Documents {
    rows: BTreeMap<(&'static str, Bytes), Arc<Document>>,
    /// By collection, index and values: the id of the one row that has them. A document of its own each,
    /// so that two transactions that write the same values conflict.
    taken: BTreeMap<(&'static str, usize, Bytes), Bytes>,
}

/// A value as BSON.
type Bytes = Vec<u8>;

impl Tables for Documents {
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError> {
        self.rows.install(&seen.rows, left.rows)?;
        self.taken.install(&seen.taken, left.taken)
    }
}

impl AsRef<Self> for Documents {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl AsMut<Self> for Documents {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl Documents {
    /// The rows that `query` asks for.
    ///
    /// # Errors
    /// Permanent, when one is no `R`, or memory does not understand the query.
    pub fn query<R: Row>(&self, query: &Query) -> Result<Vec<R>, StoreError> {
        let name = R::COLLECTION.name;
        let mut found = Vec::new();
        let all = self.rows.range((name, Vec::new())..);
        for (_, document) in all.take_while(|((of, _), _)| *of == name) {
            if matches(document, &query.filter)? {
                found.push(document.as_ref());
            }
        }
        if let Some(order) = &query.order {
            sort(&mut found, order)?;
        }
        let limit = query.limit.and_then(|limit| usize::try_from(limit).ok());
        let found = found.into_iter().take(limit.unwrap_or(usize::MAX));
        let read = |document: &Document| bson::deserialize_from_document(document.clone());
        found
            .map(|document| read(document).map_err(StoreError::unreadable))
            .collect()
    }

    fn insert(&mut self, of: &Collection, row: Document) -> Result<(), StoreError> {
        let id = id(&row)?;
        if self.rows.contains_key(&(of.name, id.clone())) {
            return Err(StoreError::conflict("the id is taken"));
        }
        for key in unique(of, &row)? {
            if self.taken.insert(key, id.clone()).is_some() {
                return Err(StoreError::conflict("what is unique is taken"));
            }
        }
        self.rows.insert((of.name, id), Arc::new(row));
        Ok(())
    }

    fn remove(&mut self, of: &Collection, id: Bytes) -> Result<bool, StoreError> {
        let Some(row) = self.rows.remove(&(of.name, id)) else {
            return Ok(false);
        };
        for key in unique(of, &row)? {
            self.taken.remove(&key);
        }
        Ok(true)
    }
}

fn id(row: &Document) -> Result<Bytes, StoreError> {
    let id = row.get("_id").cloned();
    bytes(&doc! { "": id.ok_or_else(|| StoreError::permanent("a row without an _id"))? })
}

fn bytes(value: &Document) -> Result<Bytes, StoreError> {
    bson::serialize_to_vec(value).map_err(StoreError::permanent)
}

/// What `row` has in the unique indexes of its collection.
fn unique(
    of: &Collection,
    row: &Document,
) -> Result<Vec<(&'static str, usize, Bytes)>, StoreError> {
    let mut keys = Vec::new();
    for (number, index) in of.indexes.iter().enumerate() {
        if let Some((fields, only)) = index.uniqueness()
            && matches(row, &only)?
        {
            let values = fields.iter().map(|field| row.get(field).cloned());
            let values: Vec<Option<Bson>> = values.collect();
            keys.push((of.name, number, bytes(&doc! { "": values })?));
        }
    }
    Ok(keys)
}

fn document<R: Row>(row: &R) -> Result<Document, StoreError> {
    bson::serialize_to_document(row).map_err(StoreError::permanent)
}

impl<S: Tables + AsRef<Documents> + AsMut<Documents>> Rows for MemoryDatabase<S> {
    async fn find<R: Row>(
        &self,
        tx: &mut MemoryTx<S>,
        query: impl Into<Query> + Send,
    ) -> Result<Vec<R>, StoreError> {
        self.meet(Step::Read).await?;
        tx.state.as_ref().query(&query.into())
    }

    async fn insert<R: Row>(&self, tx: &mut MemoryTx<S>, rows: &[R]) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        let documents = tx.state.as_mut();
        for row in rows {
            documents.insert(R::COLLECTION, document(row)?)?;
        }
        Ok(())
    }

    async fn replace<R: Row>(&self, tx: &mut MemoryTx<S>, rows: &[R]) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        let documents = tx.state.as_mut();
        for row in rows {
            let row = document(row)?;
            if !documents.remove(R::COLLECTION, id(&row)?)? {
                return Err(StoreError::conflict("the row is gone"));
            }
            documents.insert(R::COLLECTION, row)?;
        }
        Ok(())
    }

    async fn remove<R: Row>(&self, tx: &mut MemoryTx<S>, ids: Vec<Bson>) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        let documents = tx.state.as_mut();
        for one in ids {
            documents.remove(R::COLLECTION, bytes(&doc! { "": one })?)?;
        }
        Ok(())
    }

    async fn read<R: Row>(&self, query: impl Into<Query> + Send) -> Result<Vec<R>, StoreError> {
        self.meet(Step::Read).await?;
        self.state().as_ref().query(&query.into())
    }
}
