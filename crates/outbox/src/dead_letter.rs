//! Messages that can't be applied, set aside so that the others go on.
//!
//! A dead letter is kept in the service's database, which is what operators work
//! with, and published to the topic `<topic>.<group>.dlt`, which is what other tools
//! read. Later messages of the same key are dead-lettered behind it: applying them first would
//! break the order that keys promise.

mod action;
mod admin;
mod handling;
mod store;

use jiff::Timestamp;
use uuid::Uuid;

pub use self::action::{
    Action, DeadLetterAction, DeadLetterDetail, DeadLetterError, DeadLetterFilter, DeadLetterView,
    Handled, Outcome,
};
pub use self::admin::DeadLetterAdmin;
pub use self::store::DeadLetterStore;
use crate::message::{MAX_METADATA_BYTES, MAX_PAYLOAD_BYTES, Message, MessageContext};
use crate::source::Record;

/// Of each part of a copy's metadata, so that all of them together fit.
const LONGEST_TEXT: usize = MAX_METADATA_BYTES / 8;

/// A message set aside, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The consumer group that could not apply it.
    pub group: String,
    /// The record as it was read.
    pub record: Record,
    /// What is wrong with it, for a person.
    pub reason: String,
    /// The reason is that an earlier message of the key is dead-lettered.
    pub waits: bool,
    /// When it was set aside.
    pub dead_lettered_at: Timestamp,
    /// How often it was tried and failed for good; 0 for one that only waits.
    pub attempts: u32,
}

impl DeadLetter {
    /// Its identity: the place where the record lies, for one group.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.group, self.record.at, self.record.offset)
    }

    /// The name of the dead-letter topic of `topic` for `group`.
    pub fn topic(topic: &str, group: &str) -> String {
        format!("{topic}.{group}.dlt")
    }

    /// The copy for the dead-letter topic. What of the original can be read stays as it
    /// was; its id is kept when it has one.
    ///
    /// The copy can always be published, or the partition would stand still for it: a key or
    /// a header of a size that nobody needs is left out, and so is a value above
    /// [`MAX_PAYLOAD_BYTES`]. The database has the whole.
    pub fn to_message(&self, fresh_id: Uuid) -> Message {
        let header = |name: &str| {
            self.record
                .headers
                .iter()
                .find(|(n, _)| n == name)
                .and_then(|(_, v)| std::str::from_utf8(v).ok())
                .filter(|v| v.len() <= LONGEST_TEXT)
                .map(str::to_owned)
        };
        let id = header("ce_id")
            .and_then(|v| v.parse().ok())
            .unwrap_or(fresh_id);
        let payload = if self.record.payload.len() <= MAX_PAYLOAD_BYTES {
            self.record.payload.clone()
        } else {
            Vec::new()
        };
        Message {
            id,
            topic: Self::topic(&self.record.at.topic, &self.group),
            key: self
                .record
                .key
                .clone()
                .filter(|key| !key.is_empty() && key.len() <= LONGEST_TEXT)
                .unwrap_or_else(|| self.id()),
            event_type: header("ce_type").unwrap_or_else(|| "Unreadable".to_owned()),
            version: header("ce_dataversion")
                .and_then(|v| v.parse().ok())
                .unwrap_or(0),
            source: self.group.clone(),
            time: self.dead_lettered_at,
            aggregate_version: header("ce_aggregateversion")
                .and_then(|v| v.parse().ok())
                .unwrap_or(0),
            context: MessageContext {
                correlation_id: header("ce_correlationid"),
                causation_id: Some(self.id()),
                traceparent: header("traceparent"),
            },
            payload,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::TopicPartition;

    fn dead_letter(
        key: Option<String>,
        headers: Vec<(String, Vec<u8>)>,
        size: usize,
    ) -> DeadLetter {
        DeadLetter {
            group: "g".into(),
            record: Record {
                at: TopicPartition::new("t", 3),
                offset: 14,
                timestamp: None,
                key,
                headers,
                payload: vec![b'x'; size],
            },
            reason: "a test".into(),
            waits: false,
            dead_lettered_at: Timestamp::UNIX_EPOCH,
            attempts: 1,
        }
    }

    #[test]
    fn a_copy_can_always_be_published() {
        let long = "x".repeat(MAX_METADATA_BYTES);
        let names = ["ce_type", "ce_correlationid", "traceparent"];
        let headers: Vec<_> = names
            .map(|name| (name.to_owned(), long.clone().into_bytes()))
            .into();
        for key in [None, Some(String::new()), Some(long)] {
            let copy =
                dead_letter(key, headers.clone(), MAX_PAYLOAD_BYTES + 1).to_message(Uuid::nil());
            assert_eq!(copy.validate(), Ok(()));
            assert_eq!(copy.key, "g/t/3/14");
            assert_eq!(copy.event_type, "Unreadable");
            assert!(copy.payload.is_empty());
        }
        let most = "y".repeat(LONGEST_TEXT);
        let headers = names
            .map(|name| (name.to_owned(), most.clone().into_bytes()))
            .into();
        let copy =
            dead_letter(Some(most.clone()), headers, MAX_PAYLOAD_BYTES).to_message(Uuid::nil());
        assert_eq!(copy.validate(), Ok(()));
        assert_eq!((&copy.key, copy.payload.len()), (&most, MAX_PAYLOAD_BYTES));
    }
}
