//! Messages as `CloudEvents` 1.0 in Kafka's binary mode: attributes are headers with the
//! prefix `ce_`, the value is the event itself.
//!
//! Source of the rules: the `CloudEvents` 1.0.2 specification and its Kafka protocol
//! binding. `ce_dataversion`, `ce_correlationid`, `ce_causationid` and
//! `ce_aggregateversion` are extensions; `traceparent` stands without a prefix, where
//! tracing libraries look for it.

use crate::message::Message;

/// What `ce_source` says of the messages of `service`.
pub fn source(service: &str) -> String {
    format!("/{service}")
}

/// The headers of `message`, in a fixed order.
pub fn headers(message: &Message) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", message.id.to_string()),
        ("ce_type", message.event_type.clone()),
        ("ce_source", source(&message.source)),
        ("ce_subject", message.key.clone()),
        ("ce_time", message.time.to_string()),
        ("content-type", "application/json".to_owned()),
        ("ce_dataversion", message.version.to_string()),
        ("ce_aggregateversion", message.aggregate_version.to_string()),
    ];
    let optional = [
        ("ce_correlationid", &message.context.correlation_id),
        ("ce_causationid", &message.context.causation_id),
        ("traceparent", &message.context.traceparent),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            headers.push((name, value.clone()));
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::message::MessageContext;

    #[test]
    fn what_is_not_known_has_no_header() {
        let message = Message {
            id: Uuid::nil(),
            topic: "t".into(),
            key: "k".into(),
            event_type: "E".into(),
            version: 2,
            source: "s".into(),
            time: Timestamp::UNIX_EPOCH,
            aggregate_version: 3,
            context: MessageContext {
                causation_id: Some("c".into()),
                ..MessageContext::default()
            },
            payload: b"{}".to_vec(),
        };
        let expected = [
            ("ce_specversion", "1.0"),
            ("ce_id", "00000000-0000-0000-0000-000000000000"),
            ("ce_type", "E"),
            ("ce_source", "/s"),
            ("ce_subject", "k"),
            ("ce_time", "1970-01-01T00:00:00Z"),
            ("content-type", "application/json"),
            ("ce_dataversion", "2"),
            ("ce_aggregateversion", "3"),
            ("ce_causationid", "c"),
        ];
        let expected = expected.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(headers(&message), expected);
    }
}
