//! Checkpoints and dead letters.

use std::collections::HashSet;

use bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype};
use futures::TryStreamExt;
use mongodb::options::ReturnDocument;

use super::database::{MongoDatabase, MongoTx};
use super::fault::fault;
use crate::checkpoint::{Advance, Claim, InboxStore, TopicPartition};
use crate::dead_letter::DeadLetter;
use crate::error::{ErrorKind, StoreError};
use crate::source::Assigned;

fn checkpoint_id(group: &str, at: &TopicPartition) -> String {
    format!("{group}/{at}")
}

fn to_claim(found: &Document) -> Result<Claim, StoreError> {
    let read = || -> Result<Claim, bson::error::Error> {
        Ok(Claim {
            at: TopicPartition::new(found.get_str("topic")?, found.get_i32("partition")?),
            epoch: found.get_i64("epoch")?,
            next: found.get_i64("next")?,
        })
    };
    read().map_err(StoreError::permanent)
}

impl InboxStore for MongoDatabase {
    async fn claim(&self, group: &str, partitions: &[Assigned]) -> Result<Vec<Claim>, StoreError> {
        let checkpoints = self.database().collection::<Document>("checkpoints");
        let mut claims = Vec::with_capacity(partitions.len());
        for assigned in partitions {
            let change = doc! {
                "$inc": { "epoch": 1_i64 },
                "$setOnInsert": {
                    "group": group,
                    "topic": &assigned.at.topic,
                    "partition": assigned.at.partition,
                    "next": assigned.low,
                },
            };
            let found = checkpoints
                .find_one_and_update(doc! { "_id": checkpoint_id(group, &assigned.at) }, change)
                .upsert(true)
                .return_document(ReturnDocument::After)
                .await
                .map_err(fault)?
                .ok_or_else(|| StoreError::transient("the checkpoint vanished"))?;
            claims.push(to_claim(&found)?);
        }
        Ok(claims)
    }

    async fn advance(
        &self,
        tx: &mut MongoTx,
        group: &str,
        steps: &[Advance],
    ) -> Result<(), StoreError> {
        let statements = steps
            .iter()
            .map(|step| {
                doc! {
                    "q": {
                        "_id": checkpoint_id(group, &step.at),
                        "epoch": step.epoch,
                        "next": step.from,
                    },
                    "u": { "$set": { "next": step.to } },
                }
            })
            .collect();
        let matched = tx.update("checkpoints", statements).await?;
        if matched == steps.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::new(
                ErrorKind::Fenced,
                format!("a checkpoint of {group} moved"),
            ))
        }
    }

    async fn parked_keys(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<HashSet<(String, String)>, StoreError> {
        if partitions.is_empty() {
            return Ok(HashSet::new());
        }
        let any_of: Vec<Document> = partitions
            .iter()
            .map(|at| doc! { "topic": &at.topic, "partition": at.partition })
            .collect();
        let filter = doc! { "group": group, "$or": any_of, "key": { "$type": "string" } };
        let mut found = self
            .database()
            .collection::<Document>("dead_letters")
            .find(filter)
            .projection(doc! { "topic": 1, "key": 1 })
            .await
            .map_err(fault)?;
        let mut keys = HashSet::new();
        while let Some(letter) = found.try_next().await.map_err(fault)? {
            if let (Ok(topic), Ok(key)) = (letter.get_str("topic"), letter.get_str("key")) {
                keys.insert((topic.to_owned(), key.to_owned()));
            }
        }
        Ok(keys)
    }

    async fn park(&self, tx: &mut MongoTx, letters: &[DeadLetter]) -> Result<(), StoreError> {
        let statements = letters
            .iter()
            .map(|letter| {
                doc! {
                    "q": { "_id": letter.id() },
                    "u": { "$setOnInsert": to_stored(letter) },
                    "upsert": true,
                }
            })
            .collect();
        tx.update("dead_letters", statements).await.map(drop)
    }

    async fn checkpoints(&self, group: &str) -> Result<Vec<Claim>, StoreError> {
        let mut found = self
            .database()
            .collection::<Document>("checkpoints")
            .find(doc! { "group": group })
            .await
            .map_err(fault)?;
        let mut all = Vec::new();
        while let Some(checkpoint) = found.try_next().await.map_err(fault)? {
            all.push(to_claim(&checkpoint)?);
        }
        Ok(all)
    }
}

fn to_stored(letter: &DeadLetter) -> Document {
    let bytes = |bytes: &[u8]| {
        Bson::Binary(Binary {
            subtype: BinarySubtype::Generic,
            bytes: bytes.to_vec(),
        })
    };
    let record = &letter.record;
    let headers: Vec<Document> = record
        .headers
        .iter()
        .map(|(name, value)| doc! { "name": name, "value": bytes(value) })
        .collect();
    doc! {
        "group": &letter.group,
        "topic": &record.at.topic,
        "partition": record.at.partition,
        "offset": record.offset,
        "key": record.key.clone(),
        "headers": headers,
        "payload": bytes(&record.payload),
        "reason": &letter.reason,
        "waits": letter.waits,
        "parked_at": DateTime::from_millis(letter.parked_at.as_millisecond()),
    }
}
