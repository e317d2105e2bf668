//! Dead letters and what was done with them.

use std::collections::{BTreeMap, HashSet};

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, doc};
use futures::TryStreamExt;
use jiff::Timestamp;

use super::database::{MongoDatabase, MongoTx};
use super::inbox::checkpoint_id;
use super::timeout::{WithTimeout, next};
use crate::checkpoint::TopicPartition;
use crate::dead_letter::{
    Action, DeadLetter, DeadLetterAction, DeadLetterFilter, DeadLetterStore, DeadLetterView,
};
use crate::error::StoreError;
use crate::source::Record;

impl MongoDatabase {
    fn dead_letters(&self) -> mongodb::Collection<Document> {
        self.database().collection("dead_letters")
    }

    /// The ids of those of `dead_letters` that are dead-lettered already.
    async fn known_dead_letters(
        &self,
        tx: &mut MongoTx,
        dead_letters: &[DeadLetter],
    ) -> Result<HashSet<String>, StoreError> {
        let ids: Vec<String> = dead_letters.iter().map(DeadLetter::id).collect();
        let mut found = self
            .dead_letters()
            .find(doc! { "_id": { "$in": ids } })
            .projection(doc! { "_id": 1 })
            .session(&mut tx.session)
            .with_timeout()
            .await?;
        let mut known = HashSet::new();
        while let Some(dead_letter) = next(&mut found, &mut tx.session).await? {
            known.insert(
                dead_letter
                    .get_str("_id")
                    .map_err(StoreError::permanent)?
                    .to_owned(),
            );
        }
        Ok(known)
    }

    /// Adds those that are not there yet, and gives these back.
    pub(super) async fn insert_dead_letters(
        &self,
        tx: &mut MongoTx,
        dead_letters: &[DeadLetter],
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let known = self.known_dead_letters(tx, dead_letters).await?;
        let fresh: Vec<DeadLetter> = dead_letters
            .iter()
            .filter(|dead_letter| !known.contains(&dead_letter.id()))
            .cloned()
            .collect();
        let statements = fresh
            .iter()
            .map(|dead_letter| {
                doc! {
                    "q": { "_id": dead_letter.id() },
                    "u": { "$setOnInsert": to_stored(dead_letter) },
                    "upsert": true,
                }
            })
            .collect();
        tx.update("dead_letters", statements).await?;
        Ok(fresh)
    }
}

impl DeadLetterStore for MongoDatabase {
    async fn lines(
        &self,
        group: &str,
        filter: &DeadLetterFilter,
    ) -> Result<Vec<DeadLetterView>, StoreError> {
        let mut wanted = doc! { "group": group };
        if let Some(topic) = &filter.topic {
            wanted.insert("topic", topic);
        }
        if let Some(key) = &filter.key {
            wanted.insert("key", key);
        }
        let line = doc! {
            "topic": "$topic",
            "partition": "$partition",
            "key": { "$ifNull": ["$key", "$offset"] },
        };
        let slim = doc! { "topic": 1, "partition": 1, "key": 1, "offset": 1, "parked_at": 1 };
        let stages = [
            doc! { "$match": wanted },
            doc! { "$project": slim },
            doc! { "$sort": { "offset": 1 } },
            doc! { "$group": {
                "_id": line,
                "first": { "$first": "$_id" },
                "since": { "$first": "$parked_at" },
                "letters": { "$sum": 1_i64 },
            } },
            doc! { "$sort": { "since": 1, "first": 1 } },
            doc! { "$limit": i64::try_from(filter.limit.max(1)).unwrap_or(i64::MAX) },
        ];
        let found: Vec<Document> = self
            .dead_letters()
            .aggregate(stages)
            .with_timeout()
            .await?
            .try_collect()
            .with_timeout()
            .await?;
        let mut order = Vec::new();
        for line in &found {
            let read = || -> Result<_, bson::error::Error> {
                Ok((line.get_str("first")?.to_owned(), line.get_i64("letters")?))
            };
            order.push(read().map_err(StoreError::permanent)?);
        }
        let ids: Vec<&str> = order.iter().map(|(id, _)| id.as_str()).collect();
        let mut found = self
            .dead_letters()
            .find(doc! { "_id": { "$in": ids } })
            .with_timeout()
            .await?;
        let mut dead_letters = BTreeMap::new();
        while let Some(stored) = found.try_next().with_timeout().await? {
            let dead_letter = from_stored(&stored)?;
            dead_letters.insert(dead_letter.id(), dead_letter);
        }
        let views = order.into_iter().filter_map(|(id, count)| {
            Some(DeadLetterView {
                dead_letter: dead_letters.remove(&id)?,
                waiting: (count - 1).unsigned_abs(),
            })
        });
        Ok(views.collect())
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, StoreError> {
        let dead_letters = self.dead_letters();
        let one = dead_letters.find_one(doc! { "_id": id });
        let found = one.with_timeout().await?;
        found.as_ref().map(from_stored).transpose()
    }

    async fn line(
        &self,
        tx: &mut MongoTx,
        dead_letter: &DeadLetter,
        from: i64,
        limit: usize,
    ) -> Result<(Vec<DeadLetter>, u64), StoreError> {
        let record = &dead_letter.record;
        let mut filter = doc! { "_id": dead_letter.id() };
        if let Some(key) = &record.key {
            filter = doc! {
                "group": &dead_letter.group,
                "topic": &record.at.topic,
                "partition": record.at.partition,
                "key": key,
                "offset": { "$gte": from },
            };
        }
        let mut found = self
            .dead_letters()
            .find(filter.clone())
            .sort(doc! { "offset": 1 })
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .session(&mut tx.session)
            .with_timeout()
            .await?;
        let mut line = Vec::new();
        while let Some(stored) = next(&mut found, &mut tx.session).await? {
            line.push(from_stored(&stored)?);
        }
        let mut total = line.len() as u64;
        if line.len() == limit {
            total = self
                .dead_letters()
                .count_documents(filter)
                .session(&mut tx.session)
                .with_timeout()
                .await?;
        }
        Ok((line, total))
    }

    async fn remove_dead_letters(
        &self,
        tx: &mut MongoTx,
        ids: &[String],
    ) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.dead_letters()
            .delete_many(doc! { "_id": { "$in": ids } })
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }

    async fn update_dead_letter(
        &self,
        tx: &mut MongoTx,
        dead_letter: &DeadLetter,
    ) -> Result<(), StoreError> {
        let change = doc! { "$set": {
            "reason": &dead_letter.reason,
            "waits": dead_letter.waits,
            "attempts": i64::from(dead_letter.attempts),
        } };
        let statement = doc! { "q": { "_id": dead_letter.id() }, "u": change };
        tx.update("dead_letters", vec![statement]).await.map(drop)
    }

    async fn fence(
        &self,
        tx: &mut MongoTx,
        group: &str,
        at: &TopicPartition,
    ) -> Result<(), StoreError> {
        let statement = doc! {
            "q": { "_id": checkpoint_id(group, at) },
            "u": { "$inc": { "epoch": 1_i64 } },
        };
        tx.update("checkpoints", vec![statement]).await.map(drop)
    }

    async fn write_action(
        &self,
        tx: &mut MongoTx,
        group: &str,
        action: &DeadLetterAction,
    ) -> Result<(), StoreError> {
        let stored = doc! {
            "_id": bson::Uuid::from(action.id),
            "group": group,
            "at": DateTime::from_millis(action.at.as_millisecond()),
            "who": &action.who,
            "action": action.action.name(),
            "letter": &action.dead_letter,
            "topic": &action.topic,
            "key": action.key.clone(),
            "event_id": action.event_id.clone(),
            "why": &action.why,
            "outcome": &action.outcome,
        };
        self.database()
            .collection::<Document>("dead_letter_actions")
            .insert_one(stored)
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }

    async fn actions(
        &self,
        group: &str,
        limit: usize,
    ) -> Result<Vec<DeadLetterAction>, StoreError> {
        let mut found = self
            .database()
            .collection::<Document>("dead_letter_actions")
            .find(doc! { "group": group })
            .sort(doc! { "_id": -1 })
            .limit(i64::try_from(limit.max(1)).unwrap_or(i64::MAX))
            .with_timeout()
            .await?;
        let mut actions = Vec::new();
        while let Some(stored) = found.try_next().with_timeout().await? {
            actions.push(to_action(&stored).map_err(StoreError::permanent)?);
        }
        Ok(actions)
    }
}

type Broken = Box<dyn std::error::Error + Send + Sync>;

fn time(stored: &Document, name: &str) -> Result<Timestamp, Broken> {
    let millis = stored.get_datetime(name)?.timestamp_millis();
    Ok(Timestamp::from_millisecond(millis)?)
}

fn to_action(stored: &Document) -> Result<DeadLetterAction, Broken> {
    let text = |name: &str| stored.get_str(name).map(str::to_owned);
    let Some(Bson::Binary(id)) = stored.get("_id") else {
        return Err("an action has no id".into());
    };
    let action = text("action")?;
    Ok(DeadLetterAction {
        id: id.to_uuid()?.into(),
        at: time(stored, "at")?,
        who: text("who")?,
        action: Action::named(&action).ok_or_else(|| format!("no action is called {action}"))?,
        dead_letter: text("letter")?,
        topic: text("topic")?,
        key: text("key").ok(),
        event_id: text("event_id").ok(),
        why: text("why")?,
        outcome: text("outcome")?,
    })
}

fn to_stored(dead_letter: &DeadLetter) -> Document {
    let bytes = |bytes: &[u8]| {
        Bson::Binary(Binary {
            subtype: BinarySubtype::Generic,
            bytes: bytes.to_vec(),
        })
    };
    let record = &dead_letter.record;
    let headers: Vec<Document> = record
        .headers
        .iter()
        .map(|(name, value)| doc! { "name": name, "value": bytes(value) })
        .collect();
    let written = record.timestamp.map(Timestamp::as_millisecond);
    doc! {
        "group": &dead_letter.group,
        "topic": &record.at.topic,
        "partition": record.at.partition,
        "offset": record.offset,
        "timestamp": written.map(DateTime::from_millis),
        "key": record.key.clone(),
        "headers": headers,
        "payload": bytes(&record.payload),
        "original_bytes": dead_letter.original_bytes.map(u64::cast_signed),
        "reason": &dead_letter.reason,
        "waits": dead_letter.waits,
        "parked_at": DateTime::from_millis(dead_letter.dead_lettered_at.as_millisecond()),
        "attempts": i64::from(dead_letter.attempts),
    }
}

fn from_stored(stored: &Document) -> Result<DeadLetter, StoreError> {
    let read = || -> Result<DeadLetter, Broken> {
        let at = TopicPartition::new(stored.get_str("topic")?, stored.get_i32("partition")?);
        let mut headers = Vec::new();
        for header in stored.get_array("headers")? {
            let header = header.as_document().ok_or("a header is not a document")?;
            let value = header.get_binary_generic("value")?.clone();
            headers.push((header.get_str("name")?.to_owned(), value));
        }
        let waits = stored.get_bool("waits")?;
        Ok(DeadLetter {
            group: stored.get_str("group")?.to_owned(),
            record: Record {
                at,
                offset: stored.get_i64("offset")?,
                timestamp: time(stored, "timestamp").ok(),
                key: stored.get_str("key").ok().map(str::to_owned),
                headers,
                payload: stored.get_binary_generic("payload")?.clone(),
            },
            original_bytes: stored
                .get_i64("original_bytes")
                .ok()
                .map(i64::cast_unsigned),
            reason: stored.get_str("reason")?.to_owned(),
            waits,
            dead_lettered_at: time(stored, "parked_at")?,
            // Dead letters of an earlier release do not say it.
            attempts: match stored.get_i64("attempts") {
                Ok(attempts) => u32::try_from(attempts)?,
                Err(_) => u32::from(!waits),
            },
        })
    };
    read().map_err(StoreError::permanent)
}
