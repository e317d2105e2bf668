//! Reads a topic from outside any group: for replays, rebuilds and audits.
//!
//! Nothing is committed and nobody's partitions are touched. Between two offsets a partition
//! may have fewer records than the difference, because compaction takes some away; the end
//! is reached when the broker says that nothing comes any more.

mod error;
mod feed;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::mpsc;
use topic_ids::topic_ids;

pub use self::error::TopicError;
use self::feed::Feed;
use super::KafkaOptions;
use super::client_log::Plain;
use crate::checkpoint::TopicPartition;
use crate::dead_letter::Originals;
use crate::error::StoreError;
use crate::source::{Assigned, Record};

impl ConsumerContext for Plain {}

/// Reads topics; cheap to clone.
#[derive(Clone)]
pub struct TopicReader {
    options: KafkaOptions,
    client: Arc<BaseConsumer<Plain>>,
    patience: Duration,
}

/// How many chunks of records may wait for the one who reads.
const WAITING: usize = 4;
/// How long one question to the broker may take.
const QUESTION: Duration = Duration::from_secs(3);
/// How long a topic just made may be unknown to the broker that is asked.
const METADATA_DELAY: Duration = Duration::from_secs(2);

impl TopicReader {
    /// A reader of the topics under `options`' prefix. Nothing is contacted yet.
    ///
    /// # Errors
    /// When a setting is not one of Kafka's.
    pub fn new(options: &KafkaOptions) -> Result<Self, KafkaError> {
        Ok(Self {
            options: options.clone(),
            client: Arc::new(consumer(options)?),
            patience: Duration::from_secs(20),
        })
    }

    /// Waits for an answer of the broker for `patience` instead of 20 s.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What each partition of `topic` holds, by partition.
    ///
    /// # Errors
    /// When there is no such topic, or Kafka does not answer.
    pub async fn ends(&self, topic: &str) -> Result<Vec<Assigned>, TopicError> {
        self.ask(topic, |client, name, topic| {
            let mut ends = Vec::new();
            let partitions = partitions(client, name)?;
            // Before the offsets: of a topic that is made anew just now, these belong to the next.
            let topic_id = topic_ids(client.client(), &[name], QUESTION)?.remove(name);
            for partition in partitions {
                let (low, high) = client.fetch_watermarks(name, partition, QUESTION)?;
                let at = TopicPartition::new(topic, partition);
                ends.push(Assigned {
                    at,
                    low,
                    high,
                    topic_id,
                });
            }
            Ok(ends)
        })
        .await
    }

    /// The first offset of each partition of `topic` whose record is not older than `time`; the
    /// partition's end when all are older.
    ///
    /// # Errors
    /// When there is no such topic, or Kafka does not answer.
    pub async fn offsets_at(
        &self,
        topic: &str,
        time: Timestamp,
    ) -> Result<BTreeMap<i32, i64>, TopicError> {
        let millis = time.as_millisecond();
        self.ask(topic, move |client, name, _| {
            let mut times = TopicPartitionList::new();
            for partition in partitions(client, name)? {
                times.add_partition_offset(name, partition, Offset::Offset(millis))?;
            }
            let mut offsets = BTreeMap::new();
            for found in client.offsets_for_times(times, QUESTION)?.elements() {
                found.error()?;
                let offset = match found.offset() {
                    Offset::Offset(offset) => offset,
                    _ => {
                        client
                            .fetch_watermarks(name, found.partition(), QUESTION)?
                            .1
                    }
                };
                offsets.insert(found.partition(), offset);
            }
            Ok(offsets)
        })
        .await
    }

    /// The records of `topic` from the offsets `from` up to, not including, the offsets `to`,
    /// each partition's in order. A partition that one of the two does not name is not read.
    ///
    /// At most some megabytes are held. It ends when each partition has come to its end, or
    /// after the first error: an offset that is not there, or a broker that stays silent.
    pub fn read(
        &self,
        topic: &str,
        from: &BTreeMap<i32, i64>,
        to: &BTreeMap<i32, i64>,
    ) -> BoxStream<'static, Result<Record, TopicError>> {
        let wanted: BTreeMap<i32, (i64, i64)> = from
            .iter()
            .filter_map(|(partition, from)| Some((*partition, (*from, *to.get(partition)?))))
            .filter(|(_, (from, to))| from < to)
            .collect();
        if wanted.is_empty() {
            return stream::empty().boxed();
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        let (reader, topic) = (self.clone(), topic.to_owned());
        stream::once(async move {
            match reader.fit(&topic, &wanted).await {
                Err(fault) => drop(sender.send(Err(fault)).await),
                Ok(()) => reader.feed(topic, wanted, sender),
            }
            chunks(receiver)
        })
        .flatten()
        .boxed()
    }

    /// Whether the offsets are there.
    async fn fit(&self, topic: &str, wanted: &BTreeMap<i32, (i64, i64)>) -> Result<(), TopicError> {
        let ends = self.ends(topic).await?;
        for (&partition, &(from, to)) in wanted {
            let at = TopicPartition::new(topic, partition);
            let Some(end) = ends.iter().find(|end| end.at == at) else {
                return Err(TopicError::UnknownPartition { at });
            };
            let (low, high) = (end.low, end.high);
            if from < low || to > high {
                return Err(TopicError::OutOfRange {
                    at,
                    from,
                    to,
                    low,
                    high,
                });
            }
        }
        Ok(())
    }

    /// Starts the thread that reads.
    fn feed(
        self,
        topic: String,
        wanted: BTreeMap<i32, (i64, i64)>,
        sender: mpsc::Sender<Result<Vec<Record>, TopicError>>,
    ) {
        let refused = sender.clone();
        let named = topic.clone();
        let reading = thread::Builder::new()
            .name(format!("read-{topic}"))
            .spawn(move || {
                let outcome = consumer(&self.options).map_err(|source| TopicError::Kafka {
                    topic: topic.clone(),
                    source,
                });
                let fed = outcome.and_then(|consumer| {
                    let prefix = &self.options.topic_prefix;
                    Feed::new(consumer, prefix, topic, wanted, self.patience)?.run(&sender)
                });
                if let Err(fault) = fed {
                    // Nobody may be left to hear it.
                    drop(sender.blocking_send(Err(fault)));
                }
            });
        if reading.is_err() {
            let source = KafkaError::Canceled;
            drop(refused.try_send(Err(TopicError::Kafka {
                topic: named,
                source,
            })));
        }
    }

    /// Asks the broker, again for as long as our patience lasts: a topic just made has no
    /// leaders yet, a broker just started does not know its topics.
    async fn ask<T, F>(&self, topic: &str, question: F) -> Result<T, TopicError>
    where
        T: Send + 'static,
        F: Fn(&BaseConsumer<Plain>, &str, &str) -> Result<T, KafkaError> + Send + 'static,
    {
        let (client, patience) = (Arc::clone(&self.client), self.patience);
        let name = format!("{}{topic}", self.options.topic_prefix);
        let topic = topic.to_owned();
        let asked = topic.clone();
        let asking = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            loop {
                match question(&client, &name, &asked) {
                    Ok(answer) => return Ok(answer),
                    Err(error)
                        if is_unknown(&error)
                            && began.elapsed() >= patience.min(METADATA_DELAY) =>
                    {
                        return Err(TopicError::Unknown { topic: asked });
                    }
                    Err(source) if began.elapsed() >= patience => {
                        let topic = asked;
                        return Err(TopicError::Kafka { topic, source });
                    }
                    Err(_) => thread::sleep(Duration::from_millis(100)),
                }
            }
        });
        match asking.await {
            Ok(answer) => answer,
            Err(_) => Err(TopicError::Kafka {
                topic,
                source: KafkaError::Canceled,
            }),
        }
    }
}

/// How long a retry of a dead letter waits for its record: a transaction is open meanwhile.
const RETRY: Duration = Duration::from_secs(3);

impl Originals for KafkaOptions {
    fn original<'a>(
        &'a self,
        at: &'a TopicPartition,
        offset: i64,
    ) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        let (from, to) = ([(at.partition, offset)], [(at.partition, offset + 1)]);
        async move {
            let reader = TopicReader::new(self).map_err(StoreError::permanent)?;
            let reader = reader.with_patience(RETRY);
            let mut found = reader.read(&at.topic, &from.into(), &to.into());
            match found.try_next().await {
                Ok(record) => Ok(record),
                Err(
                    TopicError::OutOfRange { .. }
                    | TopicError::Unknown { .. }
                    | TopicError::UnknownPartition { .. },
                ) => Ok(None),
                Err(fault) => Err(StoreError::transient(fault)),
            }
        }
        .boxed()
    }
}

pub(super) fn consumer(options: &KafkaOptions) -> Result<BaseConsumer<Plain>, KafkaError> {
    options
        .client()
        // The client asks for a name; the group is never joined.
        .set(
            "group.id",
            format!("{}{}-reader", options.topic_prefix, options.client_id),
        )
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.max.messages.kbytes", "16384")
        .create_with_context(Plain::default())
}

/// The numbers of the partitions of the topic `name`.
fn partitions(client: &BaseConsumer<Plain>, name: &str) -> Result<Vec<i32>, KafkaError> {
    let metadata = client.fetch_metadata(Some(name), QUESTION)?;
    let unknown = KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition);
    let topic = metadata.topics().first().ok_or_else(|| unknown.clone())?;
    if let Some(code) = topic.error() {
        return Err(KafkaError::MetadataFetch(code.into()));
    }
    if topic.partitions().is_empty() {
        return Err(unknown);
    }
    let mut numbers: Vec<i32> = topic
        .partitions()
        .iter()
        .map(rdkafka::metadata::MetadataPartition::id)
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn is_unknown(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)
    )
}

/// Record by record what comes chunk by chunk.
fn chunks(
    receiver: mpsc::Receiver<Result<Vec<Record>, TopicError>>,
) -> BoxStream<'static, Result<Record, TopicError>> {
    stream::unfold(receiver, |mut receiver| async {
        let chunk = receiver.recv().await?;
        let items: Vec<Result<Record, TopicError>> = match chunk {
            Ok(records) => records.into_iter().map(Ok).collect(),
            Err(fault) => vec![Err(fault)],
        };
        Some((stream::iter(items), receiver))
    })
    .flatten()
    .boxed()
}
