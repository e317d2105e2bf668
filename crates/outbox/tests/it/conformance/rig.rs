//! What a case needs of an adapter.

use std::sync::Arc;

use outbox::dead_letter::Originals;
use outbox::source::Assigned;
use outbox::{Message, Publisher, Record, Source, TopicPartition};

use super::ledger::{Booked, Deposited, Ledger};

/// The consumer group of all cases.
pub(crate) const GROUP: &str = "ledger";

/// A database and a broker, empty, and this case's own.
pub(crate) trait Rig: Sized {
    type Db: Ledger;
    type Out: Publisher;
    type In: Source;

    /// The database, as one instance of the service sees it.
    async fn database(&self) -> Self::Db;

    fn publisher(&self) -> Self::Out;

    /// A member of `group` for the deposits. The group that shares partitions may have
    /// another name than the one that the checkpoints belong to.
    fn source(&self, group: &str) -> Self::In;

    /// Where the deposits are read once more.
    fn originals(&self) -> Arc<dyn Originals>;

    /// Puts a record on the deposits' topic as it is.
    async fn append_raw(&self, key: Option<&str>, headers: &[(&str, &str)], payload: &[u8]);

    /// Puts a record without a value there, under `key`.
    async fn append_tombstone(&self, key: &str, headers: &[(&str, &str)]);

    async fn records(&self, topic: &str) -> Vec<Record>;

    /// Publishes past any outbox.
    async fn publish(&self, messages: &[Message]) {
        let sent = self.publisher().publish(messages).await;
        sent.expect("the broker takes it");
    }

    async fn deposits(&self) -> Vec<Record> {
        use outbox::Event as _;
        self.records(Deposited::TOPIC).await
    }

    async fn bookings(&self) -> Vec<Record> {
        use outbox::Event as _;
        self.records(Booked::TOPIC).await
    }
}

/// A header's text.
pub(crate) fn header<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    let (_, value) = record.headers.iter().find(|(n, _)| n == name)?;
    std::str::from_utf8(value).ok()
}

/// The aggregate versions of `key`, as they lie.
pub(crate) fn versions(records: &[Record], key: &str) -> Vec<u64> {
    let ours = records.iter().filter(|r| r.key.as_deref() == Some(key));
    ours.filter_map(|record| header(record, "ce_aggregateversion")?.parse().ok())
        .collect()
}

/// Where the partition of `record` ends, as far as records show.
pub(crate) fn ends(records: &[Record]) -> std::collections::BTreeMap<TopicPartition, i64> {
    let mut ends = std::collections::BTreeMap::new();
    for record in records {
        ends.insert(record.at.clone(), record.offset + 1);
    }
    ends
}

/// What the partitions hold, as far as records show.
pub(crate) fn assigned(records: &[Record]) -> Vec<Assigned> {
    let ends = ends(records).into_iter();
    let assigned = |(at, high)| Assigned {
        at,
        low: 0,
        high,
        topic_id: None,
    };
    ends.map(assigned).collect()
}
