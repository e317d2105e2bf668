//! Where an order leaves its traces: topics and outboxes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use events::OrderId;
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use newtype_uuid::GenericUuid;
use outbox::kafka::{TopicError, TopicReader, partition_of};
use outbox::mongo::MongoDatabase;
use outbox::{Message, OutboxStore, Record, StoreError};
use serde::Serialize;
use uuid::Uuid;

use crate::progress::bar;

/// An event as it lies in a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Found {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// When it was published.
    pub(super) published_at: Option<Timestamp>,
    /// When it happened, as its publisher says.
    pub(super) time: Option<Timestamp>,
    pub(super) key: String,
    pub(super) event: String,
    pub(super) event_id: Option<Uuid>,
    pub(super) service: String,
    pub(super) cause: Option<String>,
    pub(super) correlation: Option<String>,
}

impl Found {
    fn new(record: Record, key: String) -> Self {
        let text = |name: &str| {
            let (_, value) = record.headers.iter().find(|(n, _)| n == name)?;
            std::str::from_utf8(value).ok().map(str::to_owned)
        };
        let source = text("ce_source").unwrap_or_default();
        Self {
            event: text("ce_type").unwrap_or_else(|| "an unreadable message".to_owned()),
            event_id: text("ce_id").and_then(|id| id.parse().ok()),
            service: source.trim_start_matches('/').to_owned(),
            time: text("ce_time").and_then(|time| time.parse().ok()),
            cause: text("ce_causationid"),
            correlation: text("ce_correlationid"),
            published_at: record.timestamp,
            topic: record.at.topic,
            partition: record.at.partition,
            offset: record.offset,
            key,
        }
    }
}

/// Clocks of services and brokers may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// When `id` was drawn, by the clock of the one who drew it; `None` when it is not a `UUIDv7`.
pub(super) fn drawn_at(id: OrderId) -> Option<Timestamp> {
    let (seconds, nanos) = id.into_untyped_uuid().get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
}

/// The records of `topic` with one of `keys` that were published at `since` or later; all of
/// them without `since`.
///
/// Only the partitions that the keys belong to are read, each from the first record of that time.
pub(super) async fn records_of(
    reader: &TopicReader,
    topic: &'static str,
    keys: &HashSet<String>,
    since: Option<Timestamp>,
) -> Result<Vec<Found>, TopicError> {
    let ends = reader.ends(topic).await?;
    let count = i32::try_from(ends.len()).unwrap_or(i32::MAX);
    let partitions: BTreeSet<i32> = keys.iter().map(|key| partition_of(key, count)).collect();
    let begin = match since.and_then(|since| since.checked_sub(SKEW).ok()) {
        Some(since) => reader.offsets_at(topic, since).await?,
        None => BTreeMap::new(),
    };
    let chosen = ends
        .iter()
        .filter(|end| partitions.contains(&end.at.partition));
    let (mut from, mut to) = (BTreeMap::new(), BTreeMap::new());
    for end in chosen {
        let begin = begin.get(&end.at.partition).copied().unwrap_or(end.low);
        from.insert(end.at.partition, begin.clamp(end.low, end.high));
        to.insert(end.at.partition, end.high);
    }
    let total: i64 = from
        .iter()
        .map(|(partition, from)| to[partition] - from)
        .sum();
    let shown = bar(topic, total.unsigned_abs());
    let mut records = reader.read(topic, &from, &to);
    let mut found = Vec::new();
    while let Some(record) = records.try_next().await? {
        shown.inc(1);
        let Some(key) = record.key.clone() else {
            continue;
        };
        if keys.contains(&key) {
            found.push(Found::new(record, key));
        }
    }
    shown.finish_and_clear();
    Ok(found)
}

/// What of `keys` waits in an outbox.
#[derive(Debug, Default)]
pub(super) struct Unsent {
    /// The messages.
    pub(super) messages: Vec<(Timestamp, Message)>,
    /// There is more than was looked at.
    pub(super) more: bool,
}

/// How many records are read at once, and at most.
const PAGE: usize = 100;
const MOST: usize = 5_000;

/// The messages of `keys` that are not published yet.
pub(super) async fn unsent(
    database: &MongoDatabase,
    keys: &HashSet<String>,
) -> Result<Unsent, StoreError> {
    let (mut seen, mut unsent) = (Vec::new(), Unsent::default());
    loop {
        let records = database.pending(PAGE, &seen).await?;
        let last = records.len() < PAGE;
        for record in records {
            seen.push(record.id);
            let ours = record
                .messages
                .into_iter()
                .filter(|m| keys.contains(&m.key));
            let written_at = record.written_at;
            unsent
                .messages
                .extend(ours.map(|message| (written_at, message)));
        }
        if last {
            return Ok(unsent);
        }
        if seen.len() >= MOST {
            unsent.more = true;
            return Ok(unsent);
        }
    }
}
