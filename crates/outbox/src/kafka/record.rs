//! A record as Kafka's client gives it, in our own form.

use jiff::Timestamp;
use rdkafka::message::{BorrowedMessage, Headers, Message as _};

use crate::checkpoint::TopicPartition;
use crate::source::{MAX_KEY_BYTES, Record};

/// `message` as a record of `topic`, which is its topic's name without the prefix.
pub(super) fn to_record(topic: &str, message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers
            .iter()
            .map(|header| {
                let value = header.value.unwrap_or_default();
                (header.key.to_owned(), value.to_vec())
            })
            .collect()
    });
    Record {
        at: TopicPartition::new(topic, message.partition()),
        offset: message.offset(),
        timestamp: message
            .timestamp()
            .to_millis()
            .and_then(|millis| Timestamp::from_millisecond(millis).ok()),
        key: message
            .key()
            .filter(|key| key.len() <= MAX_KEY_BYTES)
            .and_then(|key| std::str::from_utf8(key).ok())
            .map(str::to_owned),
        headers,
        payload: message.payload().unwrap_or_default().to_vec(),
    }
}
