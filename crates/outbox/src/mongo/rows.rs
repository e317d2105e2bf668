//! Rows in MongoDB.

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use mongodb::options::FindOptions;

use super::database::{MongoDatabase, MongoTx};
use super::timeout::{WithTimeout, documents};
use crate::error::StoreError;
use crate::rows::{Query, Row, Rows};

impl MongoDatabase {
    /// The rows that `query` asks for, one by one: for what goes through a whole collection. A document
    /// that is no `R` is a [`Permanent`](crate::ErrorKind::Permanent) error; others follow.
    ///
    /// # Errors
    /// A store error, now or in the stream.
    pub async fn stream<R: Row + Unpin>(
        &self,
        query: impl Into<Query> + Send,
    ) -> Result<BoxStream<'static, Result<R, StoreError>>, StoreError> {
        let mut query = query.into();
        let options = options(&mut query);
        let rows = rows::<R>(self);
        let found = rows.find(query.filter).with_options(options);
        Ok(documents(found.with_long_timeout().await?))
    }
}

fn rows<R: Row>(database: &MongoDatabase) -> mongodb::Collection<R> {
    database.database().collection(R::COLLECTION.name)
}

fn options(query: &mut Query) -> FindOptions {
    FindOptions::builder()
        .sort(query.order.take())
        .limit(query.limit)
        .projection(query.fields.take())
        .build()
}

/// A row as it is written.
fn document<R: Row>(row: &R) -> Result<Document, StoreError> {
    bson::serialize_to_document(row).map_err(StoreError::permanent)
}

/// The most documents that are written by one command, and the most bytes of them, unless there is a
/// single one: a command has to fit in a document itself.
const PART: usize = 500;
const PART_BYTES: usize = 8 * 1024 * 1024;

/// `all` in parts that one command takes.
fn parts(all: Vec<Document>) -> Result<Vec<Vec<Document>>, StoreError> {
    if all.len() == 1 {
        return Ok(vec![all]);
    }
    let (mut parts, mut bytes) = (Vec::<Vec<Document>>::new(), 0);
    for document in all {
        let written = bson::serialize_to_vec(&document).map_err(StoreError::permanent)?;
        bytes += written.len();
        match parts.last_mut() {
            Some(part) if part.len() < PART && bytes <= PART_BYTES => part.push(document),
            _ => {
                bytes = written.len();
                parts.push(vec![document]);
            }
        }
    }
    Ok(parts)
}

impl Rows for MongoDatabase {
    async fn find<R: Row>(
        &self,
        tx: &mut MongoTx,
        query: impl Into<Query> + Send,
    ) -> Result<Vec<R>, StoreError> {
        let mut query = query.into();
        let options = options(&mut query);
        let rows = rows::<R>(self);
        let found = rows.find(query.filter).with_options(options);
        let mut found = found.session(&mut tx.session).with_timeout().await?;
        let found = found.stream(&mut tx.session);
        found.try_collect().with_timeout().await
    }

    async fn insert<R: Row>(&self, tx: &mut MongoTx, new: &[R]) -> Result<(), StoreError> {
        if new.is_empty() {
            return Ok(());
        }
        let rows = rows::<R>(self);
        // The driver makes as many commands of it as it takes.
        let inserted = rows.insert_many(new).session(&mut tx.session);
        inserted.with_timeout().await.map(drop)
    }

    async fn replace<R: Row>(&self, tx: &mut MongoTx, all: &[R]) -> Result<(), StoreError> {
        let statements = all.iter().map(|row| {
            let row = document(row)?;
            let id = row.get("_id").cloned().unwrap_or(Bson::Null);
            Ok(doc! { "q": { "_id": id }, "u": row })
        });
        let statements = statements.collect::<Result<Vec<_>, StoreError>>()?;
        let mut found = 0;
        for part in parts(statements)? {
            found += tx.update(R::COLLECTION.name, part).await?;
        }
        if found == all.len() as u64 {
            return Ok(());
        }
        let name = R::COLLECTION.name;
        Err(StoreError::conflict(format!("a row of {name} is gone")))
    }

    async fn remove<R: Row>(&self, tx: &mut MongoTx, ids: Vec<Bson>) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let rows = rows::<R>(self);
        let removed = rows.delete_many(doc! { "_id": { "$in": ids } });
        let removed = removed.session(&mut tx.session);
        removed.with_timeout().await.map(drop)
    }

    async fn read<R: Row>(&self, query: impl Into<Query> + Send) -> Result<Vec<R>, StoreError> {
        let mut query = query.into();
        let options = options(&mut query);
        let rows = rows::<R>(self);
        let found = rows.find(query.filter).with_options(options);
        let found = found.with_timeout().await?;
        found.try_collect().with_timeout().await
    }
}
