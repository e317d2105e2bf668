//! Messages that can't be applied, set aside so that the others go on.
//!
//! A dead letter is kept in the service's database, which is what operators work
//! with, and published to the topic `<topic>.<group>.dlt`, which is what other tools
//! read. A record that is too large to be kept is kept by reference: its beginning, and where it
//! lies; a retry reads it there ([`Originals`]). Later messages of the same key are dead-lettered
//! behind it: applying them first would break the order that keys promise.

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
pub use self::store::{DeadLetterStore, Originals};
use crate::message::{MAX_METADATA_BYTES, MAX_PAYLOAD_BYTES, Message, MessageContext};
use crate::source::Record;

/// Of each part of a copy's metadata, so that all of them together fit.
const LONGEST_TEXT: usize = MAX_METADATA_BYTES / 8;
/// The most of a reason that is kept, in bytes. Some quote what they are about.
const LONGEST_REASON: usize = 2_000;

/// The largest record that is kept whole, in bytes: twice what brokers take by default, and so small
/// that a batch of them fits in one document of MongoDB.
pub const MAX_KEPT_BYTES: usize = 2 * 1024 * 1024;
/// So much of a larger one's value is kept, in bytes.
const KEPT_OF_VALUE: usize = 4 * 1024;
/// So many of its headers are kept: an event has a dozen.
const KEPT_HEADERS: usize = 32;

/// A message set aside, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The consumer group that could not apply it.
    pub group: String,
    /// The record as it was read, or the beginning of it.
    pub record: Record,
    /// The size in bytes of a record that is kept by reference: of its value `record` has the
    /// beginning, of its headers the first short ones.
    pub original_bytes: Option<u64>,
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
    /// Sets `record` aside for `group`, whole if it is not too large; `waits` behind another one.
    pub fn new(
        group: &str,
        record: &Record,
        reason: &str,
        waits: bool,
        dead_lettered_at: Timestamp,
    ) -> Self {
        let bytes = record.bytes();
        let is_whole = bytes <= MAX_KEPT_BYTES;
        Self {
            group: group.to_owned(),
            record: if is_whole {
                record.clone()
            } else {
                beginning(record)
            },
            original_bytes: (!is_whole).then_some(bytes as u64),
            reason: shortened(reason),
            waits,
            dead_lettered_at,
            attempts: u32::from(!waits),
        }
    }

    /// The same one after another attempt that failed for good.
    pub(crate) fn failed_again(&self, reason: &str) -> Self {
        Self {
            reason: shortened(reason),
            waits: false,
            attempts: self.attempts + 1,
            ..self.clone()
        }
    }

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
    /// [`MAX_PAYLOAD_BYTES`]. The whole is in the database, or where `ce_causationid` says that the
    /// record lies.
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
        let fits = self.original_bytes.is_none() && self.record.payload.len() <= MAX_PAYLOAD_BYTES;
        let payload = if fits {
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
            context: MessageContext::from_outside(
                header("ce_correlationid").as_deref(),
                Some(&self.id()),
                header("traceparent").as_deref(),
            ),
            payload,
        }
    }
}

/// What is kept of a record that is too large.
fn beginning(record: &Record) -> Record {
    let is_short = |(name, value): &&(String, Vec<u8>)| name.len() + value.len() <= LONGEST_TEXT;
    let headers = record.headers.iter().filter(is_short).take(KEPT_HEADERS);
    let value = record.payload.len().min(KEPT_OF_VALUE);
    Record {
        at: record.at.clone(),
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key.clone(),
        headers: headers.cloned().collect(),
        payload: record.payload[..value].to_vec(),
    }
}

fn shortened(reason: &str) -> String {
    if reason.len() <= LONGEST_REASON {
        return reason.to_owned();
    }
    format!(
        "{} ...",
        &reason[..reason.floor_char_boundary(LONGEST_REASON)]
    )
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
        let record = Record {
            at: TopicPartition::new("t", 3),
            offset: 14,
            timestamp: None,
            key,
            headers,
            payload: vec![b'x'; size],
        };
        DeadLetter::new("g", &record, "a test", false, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_is_too_large_is_kept_by_reference() {
        let none = || (String::new(), Vec::new());
        for (headers, size) in [
            (vec![], 17_000_000),
            (vec![("large".to_owned(), vec![b'x'; 17_000_000])], 0),
            (vec![("ce_type".to_owned(), b"E".to_vec()); 1_000_000], 10),
            (std::iter::repeat_with(none).take(500_000).collect(), 10),
        ] {
            let whole = size + headers.len();
            let kept = dead_letter(Some("k".into()), headers, size);
            assert!(
                kept.original_bytes
                    .is_some_and(|bytes| bytes >= whole as u64)
            );
            assert!(kept.record.bytes() < 200_000, "{}", kept.record.bytes());
            assert_eq!(kept.record.payload.len(), size.min(KEPT_OF_VALUE));
            assert_eq!(kept.id(), "g/t/3/14", "the place is the reference");
            assert_eq!(kept.to_message(Uuid::nil()).validate(), Ok(()));
            assert!(kept.to_message(Uuid::nil()).payload.is_empty());
        }
        let small = dead_letter(None, Vec::new(), MAX_KEPT_BYTES);
        assert_eq!(
            (small.original_bytes, small.record.bytes()),
            (None, MAX_KEPT_BYTES)
        );
    }

    #[test]
    fn a_reason_that_quotes_too_much_is_shortened() {
        let kept = dead_letter(None, Vec::new(), 1);
        let again = kept.failed_again(&"\u{e9}".repeat(1_000_000));
        assert!(again.reason.len() < LONGEST_REASON + 10);
        assert_eq!((again.attempts, &*kept.reason), (2, "a test"));
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
