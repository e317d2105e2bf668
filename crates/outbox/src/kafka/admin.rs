//! Topics, and whether the cluster answers.

mod cluster;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::KafkaOptions;
use super::client_log::Plain;
use crate::dead_letter::DeadLetter;

pub use self::cluster::{TopicFault, TopicShape};

/// A topic and how it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name, without the prefix.
    pub name: String,
    /// How many partitions.
    pub partitions: i32,
    /// On how many brokers each record lies; -1 for the cluster's default.
    pub replication: i32,
    /// Kafka's own settings for it.
    pub config: Vec<(&'static str, String)>,
}

impl TopicSpec {
    fn new(name: impl Into<String>, partitions: i32, config: Vec<(&'static str, String)>) -> Self {
        Self {
            name: name.into(),
            partitions,
            replication: -1,
            config,
        }
    }

    /// A topic that keeps every record for ever.
    pub fn unlimited(name: impl Into<String>, partitions: i32) -> Self {
        let config = vec![
            ("cleanup.policy", "delete".to_owned()),
            ("retention.ms", "-1".to_owned()),
            ("retention.bytes", "-1".to_owned()),
        ];
        Self::new(name, partitions, config)
    }

    /// A topic that keeps the newest record of each key.
    pub fn compacted(name: impl Into<String>, partitions: i32) -> Self {
        Self::new(
            name,
            partitions,
            vec![("cleanup.policy", "compact".to_owned())],
        )
    }

    /// A topic that keeps every record for `days` days.
    pub fn for_days(name: impl Into<String>, partitions: i32, days: u16) -> Self {
        let millis = u64::from(days) * 24 * 60 * 60 * 1000;
        let config = vec![
            ("cleanup.policy", "delete".to_owned()),
            ("retention.ms", millis.to_string()),
        ];
        Self::new(name, partitions, config)
    }

    /// The dead-letter topic of `topic` for `group`; kept for 30 days.
    pub fn dead_letters(topic: &str, group: &str, partitions: i32) -> Self {
        Self::for_days(DeadLetter::topic(topic, group), partitions, 30)
    }
}

/// Looks after topics.
#[derive(Clone)]
pub struct KafkaAdmin {
    client: Arc<AdminClient<Plain>>,
    options: KafkaOptions,
    prefix: String,
}

const TIMEOUT: Duration = Duration::from_secs(5);

impl KafkaAdmin {
    /// Nothing is contacted yet.
    ///
    /// # Errors
    /// When a setting is not one of Kafka's.
    pub fn new(options: &KafkaOptions) -> Result<Self, KafkaError> {
        let client = options.client().create_with_context(Plain::default())?;
        Ok(Self {
            client: Arc::new(client),
            options: options.clone(),
            prefix: options.topic_prefix.clone(),
        })
    }

    /// Makes those topics that are not there. Existing ones are left as they are.
    pub async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), KafkaError> {
        // Named twice, a topic has one answer, and the client reads a second one that is not there.
        let mut named = BTreeSet::new();
        let topics = topics.iter().filter(|topic| named.insert(&topic.name));
        let topics: Vec<&TopicSpec> = topics.collect();
        if topics.is_empty() {
            // The client refuses to make none.
            return Ok(());
        }
        let names: Vec<String> = topics
            .iter()
            .map(|topic| format!("{}{}", self.prefix, topic.name))
            .collect();
        let new: Vec<NewTopic<'_>> = topics
            .iter()
            .zip(&names)
            .map(|(spec, name)| {
                let replication = TopicReplication::Fixed(spec.replication);
                let topic = NewTopic::new(name, spec.partitions, replication);
                spec.config
                    .iter()
                    .fold(topic, |topic, (key, value)| topic.set(key, value))
            })
            .collect();
        let options = AdminOptions::new()
            .request_timeout(Some(TIMEOUT))
            .operation_timeout(Some(TIMEOUT));
        for result in self.client.create_topics(&new, &options).await? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    tracing::warn!(topic, %code, "the topic could not be made");
                    return Err(KafkaError::AdminOp(code));
                }
            }
        }
        Ok(())
    }

    /// Deletes topics, for tests that clean up. Those that are not there do not matter.
    pub async fn delete_topics(&self, topics: &[&str]) -> Result<(), KafkaError> {
        let names: BTreeSet<String> = topics
            .iter()
            .map(|topic| format!("{}{topic}", self.prefix))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.client
            .delete_topics(&names, &AdminOptions::new())
            .await
            .map(drop)
    }

    /// Whether the cluster answers.
    pub async fn ping(&self) -> Result<(), KafkaError> {
        let client = Arc::clone(&self.client);
        let asked = tokio::task::spawn_blocking(move || {
            // The name of no topic: brokers alone are asked for.
            client
                .inner()
                .fetch_metadata(Some("__consumer_offsets"), Duration::from_millis(1500))
        });
        match asked.await {
            Ok(answer) => answer.map(drop),
            Err(_) => Err(KafkaError::Canceled),
        }
    }
}
