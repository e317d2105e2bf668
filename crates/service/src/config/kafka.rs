//! How to reach Kafka; plain data, the client is not known here.

use std::time::Duration;

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
}

impl KafkaSettings {
    const BROKERS: &'static str = "127.0.0.1:9092";

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
        }
    }
}
