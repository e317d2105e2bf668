//! Up to where the database knows its own topics, written in the database itself.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};
use mongodb::Collection;
use uuid::Uuid;

use super::error::RecoveryError;
use crate::checkpoint::TopicPartition;
use crate::error::ErrorKind;
use crate::error::StoreError;
use crate::mongo::{MongoDatabase, WithTimeout, topic_id};

/// Offsets below which everything is known.
pub(super) type Positions = BTreeMap<TopicPartition, Position>;

/// An offset of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) next: i64,
    /// The topic's id; builds before ids wrote none.
    pub(super) topic_id: Option<Uuid>,
}

/// The mark in the database, written by all instances of the service in turn.
///
/// Its number rises with each change. An instance writes over the number that it knows only: a
/// higher one is another instance's, a lower one means that the database is an older one.
pub(super) struct PositionStore {
    service: &'static str,
    collection: Collection<Document>,
    number: i64,
    written: Option<Positions>,
}

impl PositionStore {
    pub(super) fn new(service: &'static str, database: &MongoDatabase) -> Self {
        Self {
            service,
            collection: database.database().collection("own_topics"),
            number: 0,
            written: None,
        }
    }

    /// The mark as it stands; empty when there is none.
    pub(super) async fn read(&mut self) -> Result<Positions, StoreError> {
        let found = self.find().await?;
        self.number = number(found.as_ref())?;
        found.as_ref().map_or_else(|| Ok(Positions::new()), places)
    }

    /// Writes the mark, unless it says so already or another instance was faster.
    pub(super) async fn write(&mut self, position: &Positions) -> Result<(), RecoveryError> {
        if self.written.as_ref() == Some(position) {
            return self.look().await;
        }
        let ends: Vec<Document> = position
            .iter()
            .map(|(at, position)| {
                let mut end = doc! {
                    "topic": &at.topic, "partition": at.partition, "next": position.next,
                };
                let id = position.topic_id.map(bson::Uuid::from);
                end.extend(id.map(|id| ("topic_id".to_owned(), id.into())));
                end
            })
            .collect();
        let next = doc! { "$set": { "number": self.number + 1, "ends": ends } };
        let ours = doc! { "_id": self.service, "number": self.number };
        let outcome = self
            .collection
            .update_one(ours, next)
            // Where another instance has made it, this meets its document and does nothing.
            .upsert(self.number == 0)
            .with_timeout()
            .await;
        let written = match outcome {
            Ok(done) => done.matched_count == 1 || done.upserted_id.is_some(),
            Err(error) if error.kind() == ErrorKind::Conflict => false,
            Err(error) => return Err(error.into()),
        };
        if written {
            self.number += 1;
            self.written = Some(position.clone());
            return Ok(());
        }
        self.look().await
    }

    /// Takes over the number of another instance; a lower one than ours is an older database's.
    async fn look(&mut self) -> Result<(), RecoveryError> {
        let theirs = number(self.find().await?.as_ref())?;
        if theirs < self.number {
            return Err(RecoveryError::Replaced(self.service.to_owned()));
        }
        self.number = theirs;
        Ok(())
    }

    async fn find(&self) -> Result<Option<Document>, StoreError> {
        let ours = doc! { "_id": self.service };
        self.collection.find_one(ours).with_timeout().await
    }
}

fn number(found: Option<&Document>) -> Result<i64, StoreError> {
    found.map_or(Ok(0), |found| {
        found.get_i64("number").map_err(StoreError::permanent)
    })
}

fn places(found: &Document) -> Result<Positions, StoreError> {
    let ends = found.get_array("ends").map_err(StoreError::permanent)?;
    let place = |end: &Bson| {
        let end = end.as_document()?;
        let at = TopicPartition::new(end.get_str("topic").ok()?, end.get_i32("partition").ok()?);
        let position = Position {
            next: end.get_i64("next").ok()?,
            topic_id: topic_id(end),
        };
        Some((at, position))
    };
    let places = ends.iter().map(place).collect::<Option<Positions>>();
    places.ok_or_else(|| StoreError::permanent("the document in own_topics can't be read"))
}
