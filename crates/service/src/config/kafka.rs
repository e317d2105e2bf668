//! How to reach Kafka; plain data, the client is not known here.

use std::time::Duration;

use super::KafkaSecuritySettings;

/// How to reach Kafka.
#[derive(Debug, Clone, clap::Args)]
pub struct KafkaSettings {
    /// Kafka's bootstrap servers, separated by commas
    #[arg(long = "kafka-brokers", env = "QUADRILLE_KAFKA_BROKERS", value_name = "HOST:PORT,…", default_value = KafkaSettings::BROKERS)]
    pub brokers: String,

    /// Put before every topic and consumer group name, so that several shops can share one cluster
    #[arg(
        long = "topic-prefix",
        env = "QUADRILLE_TOPIC_PREFIX",
        value_name = "PREFIX",
        default_value = ""
    )]
    pub topic_prefix: String,

    /// Silence after which a consumer's partitions go to another instance, such as 10s
    #[arg(long = "kafka-session-timeout", env = "QUADRILLE_KAFKA_SESSION_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = super::duration)]
    pub session_timeout: Duration,

    /// Most messages handled in one transaction, and most outbox records published in one round
    #[arg(long = "message-batch", env = "QUADRILLE_MESSAGE_BATCH", value_name = "MESSAGES", default_value_t = KafkaSettings::BATCH, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_000))]
    pub batch: usize,

    /// How batches of messages are compressed on their way and in the topics
    #[arg(
        long = "kafka-compression",
        env = "QUADRILLE_KAFKA_COMPRESSION",
        value_enum,
        default_value = "none"
    )]
    pub compression: KafkaCompression,

    /// What protects the connection.
    #[command(flatten)]
    pub security: KafkaSecuritySettings,
}

/// How batches of messages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum KafkaCompression {
    /// Not at all: the least processor time
    #[default]
    None,
    /// Quickly: where the network or the disk is scarce
    Lz4,
}

impl KafkaSettings {
    const BROKERS: &'static str = "127.0.0.1:9092";
    /// How many messages a transaction takes at most unless told otherwise.
    pub const BATCH: usize = 250;

    /// The defaults with other brokers and another prefix.
    pub fn new(brokers: &str, topic_prefix: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            topic_prefix: topic_prefix.to_owned(),
            ..Self::default()
        }
    }
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            brokers: Self::BROKERS.to_owned(),
            topic_prefix: String::new(),
            session_timeout: Duration::from_secs(10),
            batch: Self::BATCH,
            compression: KafkaCompression::default(),
            security: KafkaSecuritySettings::default(),
        }
    }
}
