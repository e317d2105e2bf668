//! The port to a broker, inbound.

use jiff::Timestamp;
use uuid::Uuid;

use crate::checkpoint::{Claim, TopicPartition};
use crate::message::{Event, MAX_METADATA_BYTES};

/// The longest key, in bytes: it is in its message's metadata twice.
pub const MAX_KEY_BYTES: usize = MAX_METADATA_BYTES / 2;

/// What a header takes where it is kept, besides its name and value.
const HEADER_BYTES: usize = 64;

/// A message as it lies in a topic, not decoded yet: it may be anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it lies, without the deployment's prefix.
    pub at: TopicPartition,
    /// Its place there.
    pub offset: i64,
    /// When it was written, as the broker keeps it (`message.timestamp.type` of the topic says
    /// whose clock that is); `None` where the broker keeps no time.
    pub timestamp: Option<Timestamp>,
    /// Its key, when it has one that is text of at most [`MAX_KEY_BYTES`]. No message of an outbox
    /// has another one.
    pub key: Option<String>,
    /// Its headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its value.
    pub payload: Vec<u8>,
}

impl Record {
    /// What it takes to keep it, in bytes: its key, its headers and its value.
    pub fn bytes(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.len() + HEADER_BYTES);
        self.key.as_ref().map_or(0, String::len) + headers.sum::<usize>() + self.payload.len()
    }

    /// Whether it has no value: no event is in it. Deleting a key of a compacted topic leaves one.
    pub(crate) fn is_tombstone(&self) -> bool {
        self.payload.is_empty()
    }

    /// The value of the first header `name`, when it is text.
    pub(crate) fn text_header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(header, _)| header == name)?;
        std::str::from_utf8(value).ok()
    }

    /// Whether its headers say that it is an `E`.
    pub fn is<E: Event>(&self) -> bool {
        self.text_header("ce_type") == Some(E::TYPE)
    }
}

/// A partition given to this consumer and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The partition.
    pub at: TopicPartition,
    /// The first offset that can still be read.
    pub low: i64,
    /// The offset that the next record will get.
    pub high: i64,
    /// The id that the cluster gave the topic when it was made, if it gives any.
    pub topic_id: Option<Uuid>,
}

impl Assigned {
    /// Whether offsets of the topic with the id `known` are offsets of this one, as far as ids tell:
    /// a topic made anew has its old name and another id.
    pub fn is_of(&self, known: Option<Uuid>) -> bool {
        known.is_none() || self.topic_id.is_none() || known == self.topic_id
    }
}

/// What a broker tells a consumer.
#[derive(Debug)]
pub enum SourceEvent {
    /// These are all the partitions that this consumer has from now on. None of their
    /// records come before [`Source::begin`].
    Assigned(Vec<Assigned>),
    /// All partitions are taken away.
    Revoked,
    /// Records, each partition's in order.
    Records(Vec<Record>),
}

/// A consumer of topics, one of a group whose members share the partitions.
pub trait Source: Send + 'static {
    /// What comes next; `None` after [`close`](Self::close).
    ///
    /// Safe to cancel: nothing is lost when the future is dropped.
    fn next(&mut self) -> impl Future<Output = Option<SourceEvent>> + Send;

    /// What is there already, without waiting.
    fn try_next(&mut self) -> Option<SourceEvent>;

    /// Starts reading each partition at its claim.
    fn begin(&mut self, claims: &[Claim]);

    /// Asks to be told the assignment again, with everything in between dropped: the
    /// answer to having been fenced.
    fn restart(&mut self);

    /// Tells the broker how far this group has come. For lag tools alone: where to go on
    /// is said by the checkpoints.
    fn report(&mut self, progress: &[(TopicPartition, i64)]);

    /// Leaves the group.
    fn close(&mut self);
}
