//! A record as Kafka's client gives it, in our own form.

use std::panic::AssertUnwindSafe;

use jiff::Timestamp;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Headers, Message as _};

use crate::checkpoint::TopicPartition;
use crate::source::{MAX_KEY_BYTES, Record};

/// `message` as a record of `topic`, which is its topic's name without the prefix.
pub(super) fn to_record(topic: &str, message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        let all = (0..headers.count()).map_while(|index| header(headers, index));
        all.collect()
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

/// The client's binding panics at a name that is not UTF-8. None of ours has one, so the headers from
/// such a one on are left out: the record must not end the thread that reads it, now and ever again,
/// nor have it panic once for each.
fn header(headers: &BorrowedHeaders, index: usize) -> Option<(String, Vec<u8>)> {
    let found = std::panic::catch_unwind(AssertUnwindSafe(|| headers.try_get(index)));
    let found = found.ok().flatten()?;
    let value = found.value.unwrap_or_default();
    Some((found.key.to_owned(), value.to_vec()))
}
