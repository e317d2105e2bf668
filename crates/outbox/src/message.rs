//! Events, and the messages that carry them.
//!
//! A [`Message`] is an event in its final form: once it is in the outbox nothing about it
//! changes any more, so a second publication is the same bytes under the same id. On the
//! wire it is a `CloudEvents` 1.0 message in Kafka's binary mode (see [`crate::kafka`]).

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use uuid::Uuid;

use crate::traceparent::{self, traceparent};

/// The largest value that a message may have, in bytes.
///
/// Below Kafka's default `message.max.bytes` (1 MiB) by enough for the headers, so that
/// what the outbox accepts the broker accepts too.
pub const MAX_PAYLOAD_BYTES: usize = 1_000_000;

/// The largest key and metadata that a message may have together, in bytes.
///
/// With [`MAX_PAYLOAD_BYTES`] it stays below Kafka's default limit of 1,048,588 bytes for a
/// record batch. The context comes from outside, so it has to be bounded too.
pub const MAX_METADATA_BYTES: usize = 32_768;

/// The longest id of a [`MessageContext`] that is taken over from outside, in bytes.
pub const MAX_CONTEXT_ID_BYTES: usize = 1_024;

/// What a context of the longest ids takes. A message is measured with as much, so that what follows
/// from it under the same key has room for its own context.
const CONTEXT_BYTES: usize = 2 * MAX_CONTEXT_ID_BYTES + traceparent::LENGTH;

/// Something that happened, in a form that other services can read.
pub trait Event: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The event's name, as in `ce_type`.
    const TYPE: &'static str;
    /// The version of the event's form; it rises when old readers could not read the new form.
    const VERSION: u32;
    /// The topic that the event is published to.
    const TOPIC: &'static str;

    /// What the event is about, usually an aggregate's id. Events of one key keep their order.
    fn key(&self) -> String;

    /// The version of the aggregate after what happened; rises by one with each change.
    fn aggregate_version(&self) -> u64;

    /// Reads a value written as version `version` of this event.
    ///
    /// The default knows the current version only. A type with older versions overrides it
    /// and turns each of them into today's form.
    fn read(version: u32, payload: &[u8]) -> Result<Self, InvalidMessage> {
        if version == Self::VERSION {
            serde_json::from_slice(payload).map_err(|e| InvalidMessage::Malformed(e.to_string()))
        } else {
            Err(InvalidMessage::UnknownVersion {
                event_type: Self::TYPE.to_owned(),
                version,
            })
        }
    }
}

/// Why a message can't be written or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidMessage {
    /// The value is larger than [`MAX_PAYLOAD_BYTES`].
    #[error("the event has {size} bytes; at most {MAX_PAYLOAD_BYTES} can be published")]
    TooLarge {
        /// The value's size in bytes.
        size: usize,
    },
    /// Key and metadata are larger than [`MAX_METADATA_BYTES`].
    #[error(
        "the event's key and headers have {size} bytes; at most {MAX_METADATA_BYTES} can be published"
    )]
    TooMuchMetadata {
        /// Their size in bytes.
        size: usize,
    },
    /// The key is empty, so the order of its events could not be kept.
    #[error("the event has no key")]
    NoKey,
    /// A required header is absent or unreadable.
    #[error("header {0} is missing or unreadable")]
    Header(&'static str),
    /// The value is not what its type and version say.
    #[error("the value can't be read: {0}")]
    Malformed(String),
    /// A version that this build does not know.
    #[error("{event_type} version {version} is unknown to this build; a newer one may read it")]
    UnknownVersion {
        /// The event's name.
        event_type: String,
        /// The version found.
        version: u32,
    },
}

/// What an event is a consequence of; it travels from message to message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageContext {
    /// The request or message that began it all.
    pub correlation_id: Option<String>,
    /// The message that this one is a direct consequence of.
    pub causation_id: Option<String>,
    /// The W3C trace context of the cause.
    pub traceparent: Option<String>,
}

impl MessageContext {
    /// A context of texts from outside, such as the headers of a record that anyone may have
    /// written. An id that is empty or longer than [`MAX_CONTEXT_ID_BYTES`], and a `traceparent`
    /// that is not well-formed, are left out: they say nothing of what happened.
    pub fn from_outside(
        correlation_id: Option<&str>,
        causation_id: Option<&str>,
        trace_context: Option<&str>,
    ) -> Self {
        let id = |text: &str| {
            let fits = (1..=MAX_CONTEXT_ID_BYTES).contains(&text.len());
            fits.then(|| text.to_owned())
        };
        Self {
            correlation_id: correlation_id.and_then(id),
            causation_id: causation_id.and_then(id),
            traceparent: trace_context.and_then(traceparent).map(str::to_owned),
        }
    }

    /// The trace that it belongs to, for log lines.
    pub fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref()?.get(3..35)
    }

    /// The span that it belongs to, for log lines.
    pub fn span_id(&self) -> Option<&str> {
        self.traceparent.as_deref()?.get(36..52)
    }
}

/// An event ready to be published: its bytes and its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The event's identity (`ce_id`). A second publication has the same.
    pub id: Uuid,
    /// The topic, without the deployment's prefix.
    pub topic: String,
    /// The partition key (also in `ce_subject`).
    pub key: String,
    /// The event's name (`ce_type`).
    pub event_type: String,
    /// The version of the event's form (`ce_dataversion`).
    pub version: u32,
    /// The service that publishes it (`ce_source`).
    pub source: String,
    /// When it happened (`ce_time`).
    pub time: Timestamp,
    /// The aggregate's version after it (`ce_aggregateversion`).
    pub aggregate_version: u64,
    /// What it is a consequence of.
    pub context: MessageContext,
    /// The event as JSON.
    pub payload: Vec<u8>,
}

impl Message {
    /// Puts `event` into its final form.
    ///
    /// Fails when it could not be published: what is accepted here the relay can deliver.
    pub fn new<E: Event>(
        id: Uuid,
        source: &str,
        time: Timestamp,
        context: MessageContext,
        event: &E,
    ) -> Result<Self, InvalidMessage> {
        let payload =
            serde_json::to_vec(event).map_err(|e| InvalidMessage::Malformed(e.to_string()))?;
        let message = Self {
            id,
            topic: E::TOPIC.to_owned(),
            key: event.key(),
            event_type: E::TYPE.to_owned(),
            version: E::VERSION,
            source: source.to_owned(),
            time,
            aggregate_version: event.aggregate_version(),
            context,
            payload,
        };
        message.validate()?;
        Ok(message)
    }

    /// Whether a broker would take it.
    pub fn validate(&self) -> Result<(), InvalidMessage> {
        if self.payload.len() > MAX_PAYLOAD_BYTES {
            return Err(InvalidMessage::TooLarge {
                size: self.payload.len(),
            });
        }
        let size = self.metadata_bytes();
        if size > MAX_METADATA_BYTES {
            return Err(InvalidMessage::TooMuchMetadata { size });
        }
        if self.key.is_empty() {
            return Err(InvalidMessage::NoKey);
        }
        Ok(())
    }

    /// What may grow of the key, which is a header too, and of the other headers.
    fn metadata_bytes(&self) -> usize {
        let context = [
            &self.context.correlation_id,
            &self.context.causation_id,
            &self.context.traceparent,
        ];
        let context: usize = context.into_iter().flatten().map(String::len).sum();
        let context = context.max(CONTEXT_BYTES);
        2 * self.key.len() + self.event_type.len() + self.source.len() + context
    }
}

/// An event as a handler gets it.
#[derive(Debug, Clone)]
pub struct Envelope<E> {
    /// The message's id.
    pub id: Uuid,
    /// When it happened, as its publisher says.
    pub time: Timestamp,
    /// What it is a consequence of.
    pub context: MessageContext,
    /// The event itself.
    pub event: E,
}

impl<E> Envelope<E> {
    /// The context of a message that is a consequence of this one.
    pub fn consequence(&self) -> MessageContext {
        MessageContext {
            correlation_id: self.context.correlation_id.clone(),
            causation_id: Some(self.id.to_string()),
            traceparent: self.context.traceparent.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_from_outside_is_bounded() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let (longest, endless) = (
            "x".repeat(MAX_CONTEXT_ID_BYTES),
            "x".repeat(MAX_CONTEXT_ID_BYTES + 1),
        );
        let taken = MessageContext::from_outside(Some(&longest), Some("c"), Some(trace));
        assert_eq!(taken.correlation_id, Some(longest));
        assert_eq!(taken.causation_id.as_deref(), Some("c"));
        assert_eq!(taken.traceparent.as_deref(), Some(trace));
        let tail = format!("{trace}-{endless}");
        let refused = MessageContext::from_outside(Some(&endless), Some(""), Some(&tail));
        assert_eq!(refused, MessageContext::default());
    }

    /// Whatever a message carries, a follow-up with its key can be published if it could.
    #[test]
    fn what_can_be_published_leaves_room_for_what_follows_from_it() {
        let message = |key: usize, context: MessageContext| Message {
            id: Uuid::nil(),
            topic: "t".into(),
            key: "k".repeat(key),
            event_type: "E".into(),
            version: 1,
            source: "s".into(),
            time: Timestamp::UNIX_EPOCH,
            aggregate_version: 1,
            context,
            payload: Vec::new(),
        };
        let id = "x".repeat(MAX_CONTEXT_ID_BYTES);
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let full = MessageContext::from_outside(Some(&id), Some(&id), Some(trace));
        for key in 1..MAX_METADATA_BYTES {
            let bare = message(key, MessageContext::default()).validate();
            assert_eq!(
                bare,
                message(key, full.clone()).validate(),
                "of {key} bytes"
            );
        }
    }
}
