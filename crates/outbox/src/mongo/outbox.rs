//! The outbox table and the publisher's lease.

use std::time::Duration;

use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, Document, doc};
use jiff::Timestamp;
use mongodb::options::{Hint, ReturnDocument};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::database::{MongoDatabase, MongoTx};
use super::jobs;
use super::timeout::{WithTimeout, next};
use crate::error::StoreError;
use crate::jobs::JobChange;
use crate::message::{Message, MessageContext};
use crate::outbox::{Backlog, Lease, OutboxRecord, OutboxStore};
use crate::waker::Waker;

#[derive(Serialize, Deserialize)]
struct StoredRecord {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    at: DateTime,
    messages: Vec<StoredMessage>,
}

#[derive(Serialize, Deserialize)]
struct StoredMessage {
    id: bson::Uuid,
    topic: String,
    key: String,
    #[serde(rename = "type")]
    event_type: String,
    version: i64,
    source: String,
    time: DateTime,
    aggregate_version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    payload: Binary,
}

const OUTBOX: &str = "outbox";

/// A backlog is counted so far: every second, and beyond that its age says more.
const COUNTED: u64 = 100_000;

impl MongoDatabase {
    fn outbox(&self) -> mongodb::Collection<StoredRecord> {
        self.database().collection(OUTBOX)
    }

    fn leases(&self) -> mongodb::Collection<Document> {
        self.database().collection("outbox_leases")
    }
}

impl OutboxStore for MongoDatabase {
    async fn append(&self, tx: &mut MongoTx, record: &OutboxRecord) -> Result<(), StoreError> {
        for message in &record.messages {
            message.validate().map_err(StoreError::permanent)?;
        }
        let stored = StoredRecord {
            id: record.id.into(),
            at: to_bson(record.written_at),
            messages: record.messages.iter().map(to_stored).collect(),
        };
        tx.appended = true;
        self.outbox()
            .insert_one(stored)
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }

    async fn change_jobs(&self, tx: &mut MongoTx, changes: &[JobChange]) -> Result<(), StoreError> {
        tx.scheduled.note(changes);
        let statements = changes.iter().flat_map(jobs::statements).collect();
        tx.update(jobs::JOBS, statements).await.map(drop)
    }

    async fn pending(
        &self,
        limit: usize,
        except: &[Uuid],
    ) -> Result<Vec<OutboxRecord>, StoreError> {
        let except: Vec<bson::Uuid> = except.iter().copied().map(Into::into).collect();
        let filter = if except.is_empty() {
            doc! {}
        } else {
            doc! { "_id": { "$nin": except } }
        };
        let mut session = self
            .database()
            .client()
            .start_session()
            .snapshot(true)
            .with_timeout()
            .await?;
        let mut found = self
            .in_snapshot(self.database().name())
            .collection::<StoredRecord>(OUTBOX)
            .find(filter)
            .sort(doc! { "_id": 1 })
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .session(&mut session)
            .with_timeout()
            .await?;
        let mut records = Vec::new();
        while let Some(stored) = next(&mut found, &mut session).await? {
            records.push(from_stored_record(stored)?);
        }
        Ok(records)
    }

    async fn remove(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        let ids: Vec<bson::Uuid> = ids.iter().copied().map(Into::into).collect();
        self.outbox()
            .delete_many(doc! { "_id": { "$in": ids } })
            .with_timeout()
            .await
            .map(drop)
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let outbox = self.database().collection::<Document>("outbox");
        // Not the estimate, which goes on counting what was deleted before the server was killed.
        let records = outbox
            .count_documents(doc! {})
            .hint(Hint::Keys(doc! { "_id": 1 }))
            .limit(COUNTED)
            .with_timeout()
            .await?;
        let oldest = outbox
            .find_one(doc! {})
            .sort(doc! { "_id": 1 })
            .projection(doc! { "at": 1 })
            .with_timeout()
            .await?
            .and_then(|found| found.get_datetime("at").ok().copied())
            .and_then(|at| Timestamp::from_millisecond(at.timestamp_millis()).ok());
        Ok(Backlog { records, oldest })
    }

    async fn lease(
        &self,
        shard: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let me = bson::Uuid::from(holder);
        let millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let mine = doc! { "$eq": ["$holder", me] };
        let free = doc! { "$lte": [
            { "$ifNull": ["$expires_at", DateTime::from_millis(0)] }, "$$NOW"
        ] };
        let granted = doc! { "$or": [mine.clone(), free] };
        let next_epoch = doc! { "$add": [{ "$ifNull": ["$epoch", 0_i64] }, 1_i64] };
        let change = vec![doc! { "$set": {
            "epoch": { "$cond": [mine, "$epoch",
                { "$cond": [granted.clone(), next_epoch, "$epoch"] }] },
            "expires_at": { "$cond": [granted.clone(),
                { "$add": ["$$NOW", millis] }, "$expires_at"] },
            "holder": { "$cond": [granted, me, "$holder"] },
        } }];
        let lease = self
            .leases()
            .find_one_and_update(doc! { "_id": shard }, change)
            .upsert(true)
            .return_document(ReturnDocument::After)
            .with_timeout()
            .await?;
        let granted = lease.filter(|found| found.get("holder") == Some(&me.into()));
        self.notifier.publishes_here(granted.is_some());
        Ok(granted.map(|found| Lease {
            epoch: found.get_i64("epoch").unwrap_or_default(),
            ttl,
        }))
    }

    async fn release(&self, shard: &str, holder: Uuid) -> Result<(), StoreError> {
        self.notifier.publishes_here(false);
        let mine = doc! { "_id": shard, "holder": bson::Uuid::from(holder) };
        let freed = doc! { "$set": { "expires_at": DateTime::from_millis(0) },
        "$unset": { "holder": "" } };
        self.leases()
            .update_one(mine, freed)
            .with_timeout()
            .await
            .map(drop)
    }

    async fn changed_elsewhere(&self) -> Result<(), StoreError> {
        self.notifier.notified(self.database()).await
    }

    fn waker(&self) -> Waker {
        self.own_waker().clone()
    }
}

fn to_bson(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

fn to_stored(message: &Message) -> StoredMessage {
    StoredMessage {
        id: message.id.into(),
        topic: message.topic.clone(),
        key: message.key.clone(),
        event_type: message.event_type.clone(),
        version: i64::from(message.version),
        source: message.source.clone(),
        time: to_bson(message.time),
        aggregate_version: message.aggregate_version.cast_signed(),
        correlation: message.context.correlation_id.clone(),
        causation: message.context.causation_id.clone(),
        trace: message.context.traceparent.clone(),
        payload: Binary {
            subtype: BinarySubtype::Generic,
            bytes: message.payload.clone(),
        },
    }
}

fn from_stored_record(stored: StoredRecord) -> Result<OutboxRecord, StoreError> {
    let messages: Result<Vec<_>, _> = stored.messages.into_iter().map(from_stored).collect();
    Ok(OutboxRecord {
        id: stored.id.into(),
        written_at: from_bson(stored.at)?,
        messages: messages?,
    })
}

fn from_bson(time: DateTime) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(time.timestamp_millis()).map_err(StoreError::permanent)
}

fn from_stored(stored: StoredMessage) -> Result<Message, StoreError> {
    Ok(Message {
        id: stored.id.into(),
        topic: stored.topic,
        key: stored.key,
        event_type: stored.event_type,
        version: u32::try_from(stored.version).map_err(StoreError::permanent)?,
        source: stored.source,
        time: from_bson(stored.time)?,
        aggregate_version: stored.aggregate_version.cast_unsigned(),
        context: MessageContext {
            correlation_id: stored.correlation,
            causation_id: stored.causation,
            traceparent: stored.trace,
        },
        payload: stored.payload.bytes,
    })
}
