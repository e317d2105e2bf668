//! Checkpoints and dead letters.

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use mongodb::options::ReturnDocument;
use uuid::Uuid;

use super::database::{MongoDatabase, MongoTx};
use super::timeout::WithTimeout;
use crate::checkpoint::{
    Advance, Claim, DeadLetterKeys, ReplayCounts, ReplayState, Rewind, TopicPartition,
};
use crate::dead_letter::DeadLetter;
use crate::error::{ErrorKind, StoreError};
use crate::inbox::InboxStore;
use crate::source::Assigned;

pub(super) fn checkpoint_id(group: &str, at: &TopicPartition) -> String {
    format!("{group}/{at}")
}

fn to_claim(found: &Document) -> Result<Claim, StoreError> {
    let read = || -> Result<Claim, bson::error::Error> {
        Ok(Claim {
            at: TopicPartition::new(found.get_str("topic")?, found.get_i32("partition")?),
            epoch: found.get_i64("epoch")?,
            next: found.get_i64("next")?,
            topic_id: topic_id(found),
            replay: found
                .get_document("replay")
                .ok()
                .map(to_replay_state)
                .transpose()?,
        })
    };
    read().map_err(StoreError::permanent)
}

/// The topic's id in a document of `checkpoints`, or in an end of `own_topics`, if it has one.
pub fn topic_id(found: &Document) -> Option<Uuid> {
    let Some(Bson::Binary(id)) = found.get("topic_id") else {
        return None;
    };
    id.to_uuid().ok().map(Uuid::from)
}

fn to_replay_state(found: &Document) -> Result<ReplayState, bson::error::Error> {
    let count = |name: &str| Ok::<_, bson::error::Error>(found.get_i64(name)?.unsigned_abs());
    Ok(ReplayState {
        from: found.get_i64("from")?,
        to: found.get_i64("to")?,
        counts: ReplayCounts {
            applied: count("applied")?,
            duplicates: count("duplicates")?,
            dead_lettered: count("parked")?,
            passed_over: count("passed_over")?,
        },
    })
}

impl MongoDatabase {
    /// Raises the epochs of `group`'s checkpoints on `topic` as a part of the transaction:
    /// whoever has the partitions is fenced and claims them anew, from where they are. For
    /// those who write what the group's handlers write.
    pub async fn fence(
        &self,
        tx: &mut MongoTx,
        group: &str,
        topic: &str,
    ) -> Result<(), StoreError> {
        let raise = doc! {
            "q": { "group": group, "topic": topic },
            "u": { "$inc": { "epoch": 1_i64 } },
            "multi": true,
        };
        tx.update("checkpoints", vec![raise]).await.map(drop)
    }
}

/// One statement for all of `steps`, each from where its checkpoint stands or not at all.
///
/// A statement for each would have the server plan each: for six checkpoints that takes three times
/// as much of its processor time.
fn all(group: &str, steps: &[Advance]) -> Document {
    let ids = steps.iter().map(|step| checkpoint_id(group, &step.at));
    let ids: Vec<String> = ids.collect();
    let branch = |(step, id): (&Advance, &String)| {
        let fence = vec![
            doc! { "$eq": ["$_id", id] },
            doc! { "$eq": ["$epoch", step.epoch] },
            doc! { "$eq": ["$next", step.from] },
        ];
        doc! { "case": { "$and": fence }, "then": step.to }
    };
    let branches: Vec<Document> = steps.iter().zip(&ids).map(branch).collect();
    let next = doc! { "$switch": { "branches": branches, "default": "$next" } };
    doc! {
        "q": { "_id": { "$in": ids } },
        "u": [{ "$set": { "next": next } }],
        "multi": true,
        "hint": { "_id": 1 },
    }
}

impl InboxStore for MongoDatabase {
    async fn claim(&self, group: &str, partitions: &[Assigned]) -> Result<Vec<Claim>, StoreError> {
        let checkpoints = self.database().collection::<Document>("checkpoints");
        let mut claims = Vec::with_capacity(partitions.len());
        for assigned in partitions {
            let id = assigned.topic_id.map(bson::Uuid::from).map(Bson::from);
            let next = doc! { "$ifNull": ["$next", assigned.low] };
            let fits = vec![
                doc! { "$gte": [&next, assigned.low] },
                doc! { "$lte": [&next, assigned.high] },
            ];
            let id = id.unwrap_or_else(|| "$$REMOVE".into());
            let fitting = doc! { "$cond": [{ "$and": fits }, id, "$$REMOVE"] };
            // Every part of a stage sees the document as it was before.
            let change = vec![doc! { "$set": {
                "epoch": { "$add": [{ "$ifNull": ["$epoch", 0_i64] }, 1_i64] },
                "group": { "$literal": group },
                "topic": { "$literal": &assigned.at.topic },
                "partition": assigned.at.partition,
                "next": next,
                "topic_id": { "$ifNull": ["$topic_id", fitting] },
            } }];
            let found = checkpoints
                .find_one_and_update(doc! { "_id": checkpoint_id(group, &assigned.at) }, change)
                .upsert(true)
                .return_document(ReturnDocument::After)
                .with_timeout()
                .await?
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
        if steps.is_empty() {
            return Ok(());
        }
        let moved = tx.change("checkpoints", vec![all(group, steps)]).await?;
        if moved == steps.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::new(
                ErrorKind::Fenced,
                format!("a checkpoint of {group} moved"),
            ))
        }
    }

    async fn dead_letter_keys(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<DeadLetterKeys, StoreError> {
        let mut keys = DeadLetterKeys::new();
        if partitions.is_empty() {
            return Ok(keys);
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
            .projection(doc! { "topic": 1, "partition": 1, "offset": 1, "key": 1 })
            .with_timeout()
            .await?;
        while let Some(dead_letter) = found.try_next().with_timeout().await? {
            let read = || -> Result<_, bson::error::Error> {
                let at = TopicPartition::new(
                    dead_letter.get_str("topic")?,
                    dead_letter.get_i32("partition")?,
                );
                Ok((
                    at,
                    dead_letter.get_str("key")?.to_owned(),
                    dead_letter.get_i64("offset")?,
                ))
            };
            let (at, key, offset) = read().map_err(StoreError::permanent)?;
            let first = keys.entry(at).or_default().entry(key).or_insert(offset);
            *first = offset.min(*first);
        }
        Ok(keys)
    }

    async fn add_dead_letters(
        &self,
        tx: &mut MongoTx,
        dead_letters: &[DeadLetter],
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.insert_dead_letters(tx, dead_letters).await
    }

    async fn count_dead_letters(&self, group: &str) -> Result<u64, StoreError> {
        self.database()
            .collection::<Document>("dead_letters")
            .count_documents(doc! { "group": group })
            .with_timeout()
            .await
    }

    async fn interrupt(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = partitions
            .iter()
            .map(|at| checkpoint_id(group, at))
            .collect();
        self.database()
            .collection::<Document>("checkpoints")
            .update_many(
                doc! { "_id": { "$in": ids } },
                doc! { "$inc": { "epoch": 1_i64 } },
            )
            .with_timeout()
            .await
            .map(drop)
    }

    async fn rewind(
        &self,
        tx: &mut MongoTx,
        group: &str,
        steps: &[Rewind],
    ) -> Result<(), StoreError> {
        let statements = steps
            .iter()
            .map(|step| {
                // Every part of a stage sees the document as it was before.
                let change = doc! { "$set": {
                    "epoch": { "$add": ["$epoch", 1_i64] },
                    "next": step.from,
                    "replay": {
                        "from": step.from,
                        "to": { "$max": ["$next", "$replay.to"] },
                        "applied": 0_i64,
                        "duplicates": 0_i64,
                        "parked": 0_i64,
                        "passed_over": 0_i64,
                    },
                } };
                doc! {
                    "q": { "_id": checkpoint_id(group, &step.at), "next": { "$gte": step.from } },
                    "u": [change],
                }
            })
            .collect();
        let matched = tx.update("checkpoints", statements).await?;
        if matched == steps.len() as u64 {
            Ok(())
        } else {
            let what = format!("a checkpoint of {group} stands before the place");
            Err(StoreError::conflict(what))
        }
    }

    async fn count_replayed(
        &self,
        tx: &mut MongoTx,
        group: &str,
        counts: &[(TopicPartition, ReplayCounts)],
    ) -> Result<(), StoreError> {
        let statements = counts
            .iter()
            .map(|(at, more)| {
                let more = doc! {
                    "replay.applied": more.applied.cast_signed(),
                    "replay.duplicates": more.duplicates.cast_signed(),
                    "replay.parked": more.dead_lettered.cast_signed(),
                    "replay.passed_over": more.passed_over.cast_signed(),
                };
                let replayed = doc! {
                    "_id": checkpoint_id(group, at),
                    "replay": { "$exists": true },
                };
                doc! { "q": replayed, "u": { "$inc": more } }
            })
            .collect();
        tx.update("checkpoints", statements).await.map(drop)
    }

    async fn checkpoints(&self, group: &str) -> Result<Vec<Claim>, StoreError> {
        let mut found = self
            .database()
            .collection::<Document>("checkpoints")
            .find(doc! { "group": group })
            .with_timeout()
            .await?;
        let mut all = Vec::new();
        while let Some(checkpoint) = found.try_next().with_timeout().await? {
            all.push(to_claim(&checkpoint)?);
        }
        Ok(all)
    }
}
