//! Brokers that answer with errors: librdkafka's mock cluster under the real publisher, relay,
//! source and inbox. The database is in memory, so that nothing else can be at fault.

mod consuming;
mod publishing;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::TryStreamExt as _;
use outbox::kafka::{KafkaOptions, TopicReader};
use outbox::{Event as _, Record};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey as Api, RDKafkaRespErr as Code};

use crate::conformance::ledger::{Booked, Deposited};

const BROKERS: i32 = 3;
const PARTITIONS: i32 = 3;
const PREFIX: &str = "mock.";

/// Three brokers that do as they are told, with the ledger's topics.
struct Cluster {
    mock: MockCluster<'static, DefaultProducerContext>,
    options: KafkaOptions,
}

impl Cluster {
    fn new() -> Self {
        let mock = MockCluster::new(BROKERS).expect("a cluster in this process");
        for topic in [Deposited::TOPIC, Booked::TOPIC] {
            let made = mock.create_topic(&format!("{PREFIX}{topic}"), PARTITIONS, BROKERS);
            made.expect("the topic is new");
        }
        let options = KafkaOptions {
            topic_prefix: PREFIX.to_owned(),
            // Longer than the three seconds for which the mock lets a new group wait for members;
            // a heartbeat each second.
            session_timeout: Duration::from_secs(4),
            ..KafkaOptions::new(mock.bootstrap_servers())
        };
        Self { mock, options }
    }

    /// The next requests of this kind, whoever's they are, get these answers.
    fn answer(&self, trouble: &Answers) {
        let (api, code, times) = *trouble;
        self.mock.request_errors(api, &vec![code; times]);
    }

    /// The deposits that lie there, partition by partition.
    async fn deposits(&self) -> Vec<Record> {
        let reader = TopicReader::new(&self.options).expect("the settings are Kafka's");
        let ends = reader.ends(Deposited::TOPIC).await.expect("it answers");
        let (mut from, mut to) = (BTreeMap::new(), BTreeMap::new());
        for end in ends {
            from.insert(end.at.partition, end.low);
            to.insert(end.at.partition, end.high);
        }
        let records = reader.read(Deposited::TOPIC, &from, &to).try_collect();
        records.await.expect("what lies there can be read")
    }
}

/// Requests of this kind are answered with this error, so many times.
type Answers = (Api, Code, usize);

/// For a message: which, with what, how often.
fn describe(trouble: &Answers) -> String {
    let (api, code, times) = trouble;
    format!("{api:?}: {code:?}, {times} times")
}
