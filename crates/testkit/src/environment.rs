//! A test's own part of the shared stack.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use events::topics::Topic;
use jiff::Timestamp;
use outbox::kafka::{KafkaAdmin, KafkaOptions, KafkaPublisher, TopicSpec};
use outbox::mongo::{MongoDatabase, MongoOptions};
use outbox::{Envelope, Event, Message, MessageContext, Publisher, Record, TopicPartition};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message as _, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DefaultProducerContext, FutureProducer, FutureRecord, Producer as _,
    ThreadedProducer,
};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use uuid::Uuid;

use crate::stack::{self, Stack};

/// Unique names on the shared Kafka and MongoDB; what was made under them is removed when
/// it is dropped.
pub struct TestEnvironment {
    stack: &'static Stack,
    id: String,
    databases: Mutex<Vec<String>>,
    topics: Mutex<Vec<String>>,
}

impl TestEnvironment {
    /// An environment on the shared stack, which is started if need be.
    pub async fn new() -> Self {
        Self {
            stack: stack::shared().await,
            id: format!("t{}", &Uuid::new_v4().simple().to_string()[..12]),
            databases: Mutex::default(),
            topics: Mutex::default(),
        }
    }

    /// The address of MongoDB.
    pub fn mongodb_uri(&self) -> &str {
        self.stack.mongodb_uri()
    }

    /// The brokers of Kafka.
    pub fn kafka_brokers(&self) -> &str {
        self.stack.kafka_brokers()
    }

    /// The prefix of this environment's topics and groups.
    pub fn topic_prefix(&self) -> String {
        format!("{}.", self.id)
    }

    /// The name of `service`'s database; the same at each call.
    pub fn database_name(&self, service: &str) -> String {
        let name = format!("{}_{service}", self.id);
        let mut names = self
            .databases
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !names.contains(&name) {
            names.push(name.clone());
        }
        name
    }

    /// `service`'s database, with the outbox's tables made.
    pub async fn database(&self, service: &str) -> MongoDatabase {
        let name = self.database_name(service);
        let database = MongoDatabase::connect(self.mongodb_uri(), &name, MongoOptions::default())
            .await
            .expect("the test stack's address is valid");
        database.prepare().await.expect("the test stack answers");
        database
    }

    /// How to reach Kafka under this environment's prefix.
    pub fn kafka(&self) -> KafkaOptions {
        KafkaOptions {
            topic_prefix: self.topic_prefix(),
            session_timeout: Duration::from_secs(6),
            ..KafkaOptions::new(self.kafka_brokers())
        }
    }

    /// Makes the shop's topics `topics`, with their usual partitions.
    pub async fn topics(&self, topics: &[Topic]) {
        let specs: Vec<TopicSpec> = topics.iter().map(Topic::spec).collect();
        self.ensure_topics(&specs).await;
    }

    /// Makes topics.
    pub async fn ensure_topics(&self, specs: &[TopicSpec]) {
        let admin = KafkaAdmin::new(&self.kafka()).expect("the settings are Kafka's");
        admin
            .ensure_topics(specs)
            .await
            .expect("the topics can be made");
        self.wait_for_leaders(specs).await;
        let mut names = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        names.extend(specs.iter().map(|spec| spec.name.clone()));
    }

    /// A topic that was just made has no leaders for a moment, and reading it then fails.
    async fn wait_for_leaders(&self, specs: &[TopicSpec]) {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.kafka_brokers())
            .create()
            .expect("the settings are Kafka's");
        let consumer = std::sync::Arc::new(consumer);
        for spec in specs {
            let name = format!("{}{}", self.topic_prefix(), spec.name);
            crate::eventually("the topic's partitions have leaders", || {
                let (consumer, name) = (consumer.clone(), name.clone());
                async move {
                    tokio::task::spawn_blocking(move || led(&consumer, &name))
                        .await
                        .is_ok_and(|led| led)
                }
            })
            .await;
        }
    }

    /// Puts `event` on its topic, past any outbox.
    pub async fn publish<E: Event>(&self, event: &E, context: MessageContext) -> Uuid {
        let message = Message::new(Uuid::now_v7(), "test", Timestamp::now(), context, event)
            .expect("a test's event can be published");
        let publisher = KafkaPublisher::new(&self.kafka()).expect("the settings are Kafka's");
        let id = message.id;
        publisher.publish(&[message]).await.expect("Kafka takes it");
        id
    }

    /// Puts a record on `topic` as it is, compressed: it may unpack to more than a broker takes.
    pub async fn append(
        &self,
        topic: &str,
        key: Option<&str>,
        headers: &[(&str, &str)],
        value: Option<&[u8]>,
    ) {
        let producer: FutureProducer = ClientConfig::new()
            .set("bootstrap.servers", self.kafka_brokers())
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", "100000000")
            .set("compression.codec", "gzip")
            .create()
            .expect("the settings are Kafka's");
        let topic = format!("{}{topic}", self.topic_prefix());
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| {
                let value = Some(*value);
                all.insert(Header { key, value })
            });
        let mut record = FutureRecord::<str, [u8]>::to(&topic).headers(headers);
        record.key = key;
        record.payload = value;
        let sent = producer.send(record, Duration::from_secs(10)).await;
        let sent = sent.map_err(|(error, _)| error);
        sent.expect("Kafka takes it");
    }

    /// Puts a record that is no event on `topic`, as another program does by transactions. Its end is
    /// a mark, which has an offset of its own; an aborted one's record is read by nobody.
    pub async fn transaction(&self, topic: &str, committed: bool) {
        let topic = format!("{}{topic}", self.topic_prefix());
        let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
            .set("bootstrap.servers", self.kafka_brokers())
            .set("transactional.id", &topic)
            .create()
            .expect("the settings are Kafka's");
        let ended = tokio::task::spawn_blocking(move || {
            let limit = Duration::from_secs(30);
            let kind = Header {
                key: "ce_type",
                value: Some("SomethingElse"),
            };
            producer.init_transactions(limit)?;
            producer.begin_transaction()?;
            let record = BaseRecord::<str, str>::to(&topic)
                .key("a")
                .payload("last")
                .headers(OwnedHeaders::new().insert(kind));
            producer.send(record).map_err(|(error, _)| error)?;
            if committed {
                producer.commit_transaction(limit)
            } else {
                producer.abort_transaction(limit)
            }
        });
        let ended = ended.await.expect("it does not panic");
        ended.expect("Kafka takes a transaction");
    }

    /// Every event of type `E` that lies on its topic, partition by partition.
    pub async fn read<E: Event>(&self) -> Vec<Envelope<E>> {
        let records = self.records(E::TOPIC).await;
        let ours = records.iter().filter(|record| {
            record
                .headers
                .iter()
                .any(|(name, value)| name == "ce_type" && value == E::TYPE.as_bytes())
        });
        ours.map(|record| outbox::handler::decode(record).expect("the topic is readable"))
            .collect()
    }

    /// Every record that lies on `topic` now, partition by partition.
    pub async fn records(&self, topic: &str) -> Vec<Record> {
        let (brokers, name) = (
            self.kafka_brokers().to_owned(),
            format!("{}{topic}", self.topic_prefix()),
        );
        let plain = topic.to_owned();
        tokio::task::spawn_blocking(move || read_all(&brokers, &name, &plain))
            .await
            .expect("the reader ends")
    }
}

/// Whether every partition of `topic` answers.
fn led(consumer: &BaseConsumer, topic: &str) -> bool {
    let timeout = Duration::from_secs(2);
    let Ok(metadata) = consumer.fetch_metadata(Some(topic), timeout) else {
        return false;
    };
    let partitions = metadata.topics()[0].partitions();
    let answers = |id| consumer.fetch_watermarks(topic, id, timeout).is_ok();
    !partitions.is_empty() && partitions.iter().all(|partition| answers(partition.id()))
}

fn read_all(brokers: &str, name: &str, plain: &str) -> Vec<Record> {
    let timeout = Duration::from_secs(10);
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "read-all")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .create()
        .expect("the settings are Kafka's");
    let metadata = consumer
        .fetch_metadata(Some(name), timeout)
        .expect("Kafka answers");
    let mut list = TopicPartitionList::new();
    let mut left = std::collections::BTreeMap::new();
    for partition in metadata.topics()[0].partitions() {
        let (low, high) = consumer
            .fetch_watermarks(name, partition.id(), timeout)
            .expect("Kafka answers");
        if high > low {
            left.insert(partition.id(), high);
            list.add_partition_offset(name, partition.id(), Offset::Offset(low))
                .expect("the offset is valid");
        }
    }
    consumer.assign(&list).expect("the partitions are there");
    let mut records = Vec::new();
    while !left.is_empty() {
        let message = consumer
            .poll(timeout)
            .expect("what lies there comes in time")
            .expect("Kafka answers");
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers
                .iter()
                .map(|h| (h.key.to_owned(), h.value.unwrap_or_default().to_vec()))
                .collect()
        });
        records.push(Record {
            at: TopicPartition::new(plain, message.partition()),
            offset: message.offset(),
            timestamp: message
                .timestamp()
                .to_millis()
                .and_then(|millis| Timestamp::from_millisecond(millis).ok()),
            key: message
                .key()
                .map(|key| String::from_utf8_lossy(key).into_owned()),
            headers,
            payload: message.payload().unwrap_or_default().to_vec(),
        });
        if left
            .get(&message.partition())
            .is_some_and(|high| message.offset() + 1 >= *high)
        {
            left.remove(&message.partition());
        }
    }
    records.sort_by(|a, b| (&a.at, a.offset).cmp(&(&b.at, b.offset)));
    records
}

impl Drop for TestEnvironment {
    fn drop(&mut self) {
        let databases = std::mem::take(
            &mut *self
                .databases
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        let topics =
            std::mem::take(&mut *self.topics.lock().unwrap_or_else(PoisonError::into_inner));
        let (uri, kafka) = (self.mongodb_uri().to_owned(), self.kafka());
        // The test's own runtime may be ending; what is left behind only takes room.
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                for name in databases {
                    let options = MongoOptions::default();
                    let database = MongoDatabase::connect(&uri, &name, options).await?;
                    database.database().drop().await?;
                }
                let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
                if !topics.is_empty() {
                    KafkaAdmin::new(&kafka)?.delete_topics(&topics).await?;
                }
                anyhow::Ok(())
            })
        });
        if let Ok(Err(error)) = cleaning.join() {
            eprintln!("a test's data was left behind: {error}");
        }
    }
}
