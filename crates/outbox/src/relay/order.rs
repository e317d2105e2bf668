//! The order in which a round's messages leave.

use std::collections::HashMap;

use crate::message::Message;
use crate::outbox::OutboxRecord;

/// The messages of `records` so that those of one topic and key rise in version.
///
/// Within one process records already lie in the order of their transactions; between
/// instances their ids depend on clocks, and the version is what counts. Messages of
/// different keys stay where they are.
pub(super) fn in_order(records: Vec<OutboxRecord>) -> Vec<Message> {
    let messages: Vec<Message> = records
        .into_iter()
        .flat_map(|record| record.messages)
        .collect();
    let mut places: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (place, message) in messages.iter().enumerate() {
        places
            .entry((&message.topic, &message.key))
            .or_default()
            .push(place);
    }
    let mut order: Vec<usize> = (0..messages.len()).collect();
    for place_list in places.values().filter(|list| list.len() > 1) {
        let mut by_version = place_list.clone();
        by_version.sort_by_key(|&place| messages[place].aggregate_version);
        for (&place, &source) in place_list.iter().zip(&by_version) {
            order[place] = source;
        }
    }
    let mut slots: Vec<Option<Message>> = messages.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|source| slots[source].take())
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::message::MessageContext;

    fn message(key: &str, version: u64) -> Message {
        Message {
            id: Uuid::now_v7(),
            topic: "t".into(),
            key: key.into(),
            event_type: "E".into(),
            version: 1,
            source: "s".into(),
            time: Timestamp::UNIX_EPOCH,
            aggregate_version: version,
            context: MessageContext::default(),
            payload: b"{}".to_vec(),
        }
    }

    fn record(messages: Vec<Message>) -> OutboxRecord {
        OutboxRecord {
            id: Uuid::now_v7(),
            written_at: Timestamp::UNIX_EPOCH,
            messages,
        }
    }

    #[test]
    fn versions_of_a_key_rise_and_other_keys_stay() {
        let records = vec![
            record(vec![message("a", 3), message("b", 1)]),
            record(vec![message("a", 1), message("c", 9)]),
            record(vec![message("a", 2)]),
        ];
        let order: Vec<(String, u64)> = in_order(records)
            .into_iter()
            .map(|m| (m.key, m.aggregate_version))
            .collect();
        let expected = [("a", 1), ("b", 1), ("a", 2), ("c", 9), ("a", 3)];
        assert_eq!(order, expected.map(|(k, v)| (k.to_owned(), v)));
    }
}
