//! The rig of MongoDB and Kafka.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use futures::TryStreamExt as _;
use outbox::dead_letter::Originals;
use outbox::kafka::{KafkaPublisher, KafkaSource, TopicSpec};
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};
use outbox::{Event as _, Record, StoreError};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use testkit::TestEnvironment;

use super::ledger::{Account, Booked, Deposited, Ledger, Letter};
use super::rig::{GROUP, Rig};

pub(crate) struct RealRig {
    pub(crate) environment: TestEnvironment,
}

impl RealRig {
    /// Topics with `partitions` partitions, and their dead letters' topics.
    pub(crate) async fn new(partitions: i32) -> Self {
        let environment = TestEnvironment::new().await;
        environment
            .ensure_topics(&[
                TopicSpec::unlimited(Deposited::TOPIC, partitions),
                TopicSpec::unlimited(Booked::TOPIC, partitions),
                TopicSpec::dead_letters(Deposited::TOPIC, GROUP, partitions),
            ])
            .await;
        let (brokers, prefix) = (
            environment.kafka_brokers().to_owned(),
            environment.topic_prefix(),
        );
        let dead_letters = outbox::DeadLetter::topic(Deposited::TOPIC, GROUP);
        let led = tokio::task::spawn_blocking(move || {
            for topic in [Deposited::TOPIC, Booked::TOPIC, &dead_letters] {
                until_led(&brokers, &format!("{prefix}{topic}"), partitions);
            }
        });
        led.await.expect("the topics come up");
        Self { environment }
    }
}

impl Rig for RealRig {
    type Db = MongoDatabase;
    type Out = KafkaPublisher;
    type In = KafkaSource;

    async fn database(&self) -> MongoDatabase {
        let database = self.environment.database("ledger").await;
        let made = database.create_collection("accounts").await;
        made.expect("the test stack answers");
        database
    }

    fn publisher(&self) -> KafkaPublisher {
        KafkaPublisher::new(&self.environment.kafka()).expect("the settings are Kafka's")
    }

    fn source(&self, group: &str) -> KafkaSource {
        KafkaSource::subscribe(&self.environment.kafka(), group, [Deposited::TOPIC])
            .expect("the settings are Kafka's")
    }

    fn originals(&self) -> Arc<dyn Originals> {
        Arc::new(self.environment.kafka())
    }

    async fn append_raw(&self, key: Option<&str>, headers: &[(&str, &str)], payload: &[u8]) {
        let topic = Deposited::TOPIC;
        let appended = self.environment.append(topic, key, headers, Some(payload));
        appended.await;
    }

    async fn append_tombstone(&self, key: &str, headers: &[(&str, &str)]) {
        let topic = Deposited::TOPIC;
        let appended = self.environment.append(topic, Some(key), headers, None);
        appended.await;
    }

    async fn records(&self, topic: &str) -> Vec<Record> {
        self.environment.records(topic).await
    }
}

/// Waits until every partition of a topic just made has a leader that knows it is one.
fn until_led(brokers: &str, topic: &str, partitions: i32) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .expect("the settings are Kafka's");
    let deadline = Instant::now() + Duration::from_secs(30);
    for partition in 0..partitions {
        while let Err(error) = consumer.fetch_watermarks(topic, partition, Duration::from_secs(5)) {
            assert!(Instant::now() < deadline, "{topic}/{partition}: {error}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Ledger for MongoDatabase {
    async fn account(&self, tx: &mut MongoTx, key: &str) -> Result<Account, StoreError> {
        let accounts = self.database().collection::<Account>("accounts");
        let found = accounts
            .find_one(doc! { "_id": key })
            .session(&mut tx.session)
            .with_timeout()
            .await?;
        Ok(found.unwrap_or_default())
    }

    async fn save(&self, tx: &mut MongoTx, key: &str, account: &Account) -> Result<(), StoreError> {
        let change = doc! { "$set": {
            "balance": account.balance,
            "version": account.version,
            "times": account.times,
            "gaps": account.gaps,
        } };
        let statement = doc! { "q": { "_id": key }, "u": change, "upsert": true };
        tx.update("accounts", vec![statement]).await.map(drop)
    }

    async fn committed(&self, key: &str) -> Account {
        let accounts = self.database().collection::<Account>("accounts");
        let found = accounts.find_one(doc! { "_id": key }).await;
        found.expect("the test stack answers").unwrap_or_default()
    }

    async fn dead_letters(&self) -> Vec<Letter> {
        let dead_letters = self.database().collection::<Document>("dead_letters");
        let found = dead_letters.find(doc! {}).sort(doc! { "_id": 1 }).await;
        let all: Vec<Document> = found
            .expect("the test stack answers")
            .try_collect()
            .await
            .expect("the test stack answers");
        all.iter()
            .map(|dead_letter| Letter {
                key: dead_letter.get_str("key").ok().map(str::to_owned),
                offset: dead_letter
                    .get_i64("offset")
                    .expect("a dead letter has a place"),
                reason: dead_letter
                    .get_str("reason")
                    .expect("a dead letter has a reason")
                    .to_owned(),
                waits: dead_letter
                    .get_bool("waits")
                    .expect("a dead letter says it"),
            })
            .collect()
    }
}
