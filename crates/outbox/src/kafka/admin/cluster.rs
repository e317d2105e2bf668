//! Topics as a cluster has them, and what can be changed about them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{
    AdminOptions, AlterConfig, ConfigEntry, ConfigSource, NewPartitions, ResourceSpecifier,
};
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use thiserror::Error;

use super::super::topic::consumer;
use super::{KafkaAdmin, TIMEOUT};

/// A topic as a cluster has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicShape {
    /// How many partitions.
    pub partitions: i32,
    /// On how many brokers each record lies: the fewest among the partitions.
    pub replication: i32,
    /// Whether a record was ever written to it, also one that is gone.
    pub written: bool,
    /// Kafka's settings for it, as they are in force, whether set for the topic or for all.
    pub config: BTreeMap<String, String>,
}

/// Why a topic could not be looked at or changed.
#[derive(Debug, Error)]
#[error("{what}: {cause}{}", hint(cause, heard.as_deref()))]
pub struct TopicFault {
    /// What was asked for: a topic by its name on the wire, or the cluster.
    pub what: Box<str>,
    /// The client's reason.
    pub cause: KafkaError,
    /// What the client last reported of its connections.
    pub heard: Option<Box<str>>,
}

/// Asked for where no topic is meant: an answer names all brokers, whether it is there or not.
const ANY: &str = "__consumer_offsets";
/// How many reports of a client are read at most, to find the one that tells the cause.
const REPORTS: usize = 100;
/// How long one question may take; a broker just started does not answer at once.
const QUESTION: Duration = Duration::from_secs(5);

impl KafkaAdmin {
    /// How many brokers the cluster has. Ask this first: it also says why there is no answer,
    /// such as a wrong password.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn brokers(&self) -> Result<usize, TopicFault> {
        let options = self.options.clone();
        let asked = tokio::task::spawn_blocking(move || {
            // An administrator's client keeps to itself what goes wrong with its connections.
            let consumer = consumer(&options).map_err(|cause| (cause, None))?;
            let answer = consumer.fetch_metadata(Some(ANY), QUESTION);
            answer.map(|found| found.brokers().len()).map_err(|cause| {
                // What was wrong waits until it is asked for, among lines for the log.
                let _ = (0..REPORTS).find(|_| {
                    let _ = consumer.poll(Duration::from_millis(10));
                    consumer.context().heard().is_some()
                });
                (cause, consumer.context().heard().map(Into::into))
            })
        });
        let answer = asked.await.unwrap_or(Err((KafkaError::Canceled, None)));
        answer.map_err(|(cause, heard)| TopicFault {
            what: "the cluster".into(),
            cause,
            heard,
        })
    }

    /// The topic `topic` as the cluster has it; nothing when there is none.
    ///
    /// # Errors
    /// When the cluster does not answer, or does not let us look.
    pub async fn topic(&self, topic: &str) -> Result<Option<TopicShape>, TopicFault> {
        let name = self.name(topic);
        let laid = self.ask(&name, |client, name| {
            let metadata = client.fetch_metadata(Some(name), QUESTION)?;
            let Some(found) = metadata.topics().first() else {
                return Ok(None);
            };
            if let Some(code) = found.error() {
                let code = RDKafkaErrorCode::from(code);
                return match code {
                    RDKafkaErrorCode::UnknownTopicOrPartition => Ok(None),
                    code => Err(KafkaError::MetadataFetch(code)),
                };
            }
            let mut written = false;
            for partition in found.partitions() {
                let (_, next) = client.fetch_watermarks(name, partition.id(), QUESTION)?;
                written |= next > 0;
            }
            let copies = found.partitions().iter().map(|p| p.replicas().len());
            let (partitions, copies) = (found.partitions().len(), copies.min().unwrap_or(0));
            Ok(Some((small(partitions), small(copies), written)))
        });
        let Some((partitions, replication, written)) = laid.await? else {
            return Ok(None);
        };
        let entries = self.entries(&name).await?;
        let config = entries
            .into_iter()
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect();
        Ok(Some(TopicShape {
            partitions,
            replication,
            written,
            config,
        }))
    }

    /// Sets Kafka's settings `changes` for `topic`, and leaves its others as they are.
    ///
    /// Kafka replaces all of a topic's settings at once; somebody else's change in the same
    /// moment may be lost.
    ///
    /// # Errors
    /// When the cluster does not answer or refuses.
    pub async fn configure(
        &self,
        topic: &str,
        changes: &[(String, String)],
    ) -> Result<(), TopicFault> {
        let name = self.name(topic);
        let entries = self.entries(&name).await?;
        let mut settings: BTreeMap<&str, &str> = BTreeMap::new();
        for entry in &entries {
            if let (ConfigSource::DynamicTopic, Some(value)) = (&entry.source, &entry.value) {
                settings.insert(&entry.name, value);
            }
        }
        settings.extend(
            changes
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let change = settings.iter().fold(
            AlterConfig::new(ResourceSpecifier::Topic(&name)),
            |change, (name, value)| change.set(name, value),
        );
        let done = self.client.alter_configs([&change], &options()).await;
        let done = done.map_err(|cause| Self::fault(&name, cause))?;
        Self::each(&name, done)
    }

    /// Gives `topic` more partitions, `total` in all. Keys move between partitions: the order
    /// of a key's records holds only if nothing was ever written.
    ///
    /// # Errors
    /// When the cluster does not answer or refuses.
    pub async fn add_partitions(&self, topic: &str, total: usize) -> Result<(), TopicFault> {
        let name = self.name(topic);
        let more = NewPartitions::new(&name, total);
        let done = self.client.create_partitions([&more], &options()).await;
        let done = done.map_err(|cause| Self::fault(&name, cause))?;
        Self::each(&name, done)
    }

    /// Every setting of the topic `name`, given with the prefix.
    async fn entries(&self, name: &str) -> Result<Vec<ConfigEntry>, TopicFault> {
        let resources = [ResourceSpecifier::Topic(name)];
        let found = self.client.describe_configs(&resources, &options()).await;
        let found = found.map_err(|cause| Self::fault(name, cause))?;
        let mut entries = Vec::new();
        for resource in found {
            let resource = resource.map_err(|code| Self::fault(name, KafkaError::AdminOp(code)))?;
            entries.extend(resource.entries);
        }
        Ok(entries)
    }

    async fn ask<T: Send + 'static>(
        &self,
        name: &str,
        question: impl FnOnce(&rdkafka::client::Client<super::Plain>, &str) -> Result<T, KafkaError>
        + Send
        + 'static,
    ) -> Result<T, TopicFault> {
        let (client, asked) = (Arc::clone(&self.client), name.to_owned());
        let answer = tokio::task::spawn_blocking(move || question(client.inner(), &asked)).await;
        answer
            .unwrap_or(Err(KafkaError::Canceled))
            .map_err(|cause| Self::fault(name, cause))
    }

    /// What was asked for is done when no part of it was refused.
    fn each<T, P>(
        name: &str,
        results: Vec<Result<T, (P, RDKafkaErrorCode)>>,
    ) -> Result<(), TopicFault> {
        match results.into_iter().find_map(Result::err) {
            Some((_, code)) => Err(Self::fault(name, KafkaError::AdminOp(code))),
            None => Ok(()),
        }
    }

    fn fault(name: &str, cause: KafkaError) -> TopicFault {
        TopicFault {
            what: format!("topic {name}").into(),
            cause,
            heard: None,
        }
    }

    fn name(&self, topic: &str) -> String {
        format!("{}{topic}", self.prefix)
    }
}

/// What an operator may do about it.
fn hint(cause: &KafkaError, heard: Option<&str>) -> String {
    let code = match cause {
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    };
    match code {
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed,
        ) => "; this user may not do that: Create, Describe and DescribeConfigs are needed to make topics, \
              AlterConfigs and Alter to change them"
            .to_owned(),
        _ => heard.map(|heard| format!(" ({heard})")).unwrap_or_default(),
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT))
}

fn small(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
