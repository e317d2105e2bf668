//! Messages as `CloudEvents` 1.0 in Kafka's binary mode: attributes are headers with the
//! prefix `ce_`, the value is the event itself.
//!
//! Source of the rules: the `CloudEvents` 1.0.2 specification and its Kafka protocol
//! binding. `ce_dataversion`, `ce_correlationid`, `ce_causationid` and
//! `ce_aggregateversion` are extensions; `traceparent` stands without a prefix, where
//! tracing libraries look for it.

use crate::message::Message;

/// The headers of `message`, in a fixed order.
pub fn headers(message: &Message) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", message.id.to_string()),
        ("ce_type", message.event_type.clone()),
        ("ce_source", format!("/{}", message.source)),
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
