//! Apache Kafka as the broker.
//!
//! Topic names carry a deployment's prefix on the wire only: it is added when a message is
//! sent and taken off when a record is read.

mod admin;
mod client_log;
mod consumer;
mod partition;
mod publisher;
mod record;
mod security;
mod topic;

use std::time::Duration;

use rdkafka::ClientConfig;
pub use rdkafka::error::KafkaError;

pub use admin::{KafkaAdmin, TopicFault, TopicShape, TopicSpec};
pub use consumer::KafkaSource;
pub use partition::partition_of;
pub use publisher::KafkaPublisher;
pub use security::Security;
pub use topic::{TopicError, TopicReader};

/// How to reach a cluster.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// `host:port`, several separated by commas.
    pub brokers: String,
    /// Put before every topic's and group's name, so that several deployments can share a cluster.
    pub topic_prefix: String,
    /// How this process calls itself to the brokers.
    pub client_id: String,
    /// How long a group waits for a silent member before its partitions go to others.
    pub session_timeout: Duration,
    /// How batches of messages are compressed.
    pub compression: Compression,
    /// What protects the connections; nothing unless told otherwise.
    pub security: Security,
}

/// How batches of messages are compressed. Readers need not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all, which costs no processor time here and none at the broker.
    #[default]
    None,
    /// Quickly: where the network or the disk is scarce.
    Lz4,
}

impl Compression {
    /// The name that Kafka uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
        }
    }
}

impl KafkaOptions {
    /// The usual settings for `brokers`.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            topic_prefix: String::new(),
            client_id: "outbox".to_owned(),
            session_timeout: Duration::from_secs(10),
            compression: Compression::default(),
            security: Security::default(),
        }
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        self.security.apply(&mut config);
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", &self.client_id)
            // A broker that comes back is found within a second.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("allow.auto.create.topics", "false")
            .set("topic.metadata.refresh.interval.ms", "15000");
        config
    }
}
