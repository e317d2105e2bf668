//! What the tests write into a stack and look for again.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use devstack::{DevStack, Options, Server};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

pub(crate) const TOPIC: &str = "kept";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A stack's options in `folder`, whatever the environment of the test run gives.
pub(crate) fn options(folder: &Path) -> Options {
    let mut options = Options::new(folder);
    options.environment.kafka_brokers = None;
    options.environment.mongodb_uri = None;
    options
}

pub(crate) fn kafka(stack: &DevStack) -> &Server {
    stack.kafka().expect("it was started here")
}

pub(crate) fn mongod(stack: &DevStack) -> &Server {
    stack.mongod().expect("it was started here")
}

/// Sends one command to a database `shop` and returns the answer. The driver is not used, because
/// devstack must not depend on it.
pub(crate) fn command(port: u16, mut command: Document) -> std::io::Result<Document> {
    if !command.contains_key("$db") {
        command.insert("$db", "shop");
    }
    let body = command.to_vec().map_err(std::io::Error::other)?;
    let length = u32::try_from(16 + 5 + body.len()).map_err(std::io::Error::other)?;
    let mut message = Vec::new();
    for word in [length, 1, 0, 2013, 0] {
        message.extend(word.to_le_bytes());
    }
    message.push(0);
    message.extend(body);
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(&message)?;
    let mut header = [0; 16];
    stream.read_exact(&mut header)?;
    let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
    let mut answer = vec![0; length as usize - 16];
    stream.read_exact(&mut answer)?;
    Document::from_reader(&answer[5..]).map_err(std::io::Error::other)
}

/// Whether the server says that the command went well.
pub(crate) fn accepted(answer: &Document) -> bool {
    answer.get_f64("ok").unwrap() > 0.5
}

/// Writes one document and one record, each acknowledged as durable.
pub(crate) async fn write(stack: &DevStack) {
    let inserted = command(
        mongod(stack).port(),
        doc! {
            "insert": "things", "documents": [{ "_id": "kept" }],
            "writeConcern": { "w": "majority", "j": true },
        },
    )
    .unwrap();
    assert_eq!(inserted.get_i32("n").unwrap(), 1, "{inserted}");

    let admin: AdminClient<DefaultClientContext> = client(stack).create().unwrap();
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(1));
    let created = admin.create_topics([&topic], &AdminOptions::new()).await;
    created.unwrap().remove(0).unwrap();
    let producer: BaseProducer = client(stack).create().unwrap();
    producer
        .send(BaseRecord::<(), str>::to(TOPIC).payload("kept"))
        .unwrap();
    producer.flush(PATIENCE).unwrap();
}

/// How many documents [`write`] left.
pub(crate) fn documents(stack: &DevStack) -> i32 {
    let counted = command(mongod(stack).port(), doc! { "count": "things" }).unwrap();
    counted.get_i32("n").unwrap()
}

/// The first record of the topic; `None` when there is no such topic.
pub(crate) fn record(stack: &DevStack) -> Option<String> {
    let consumer: BaseConsumer = client(stack).set("group.id", "reader").create().unwrap();
    let metadata = consumer.fetch_metadata(None, PATIENCE).unwrap();
    metadata
        .topics()
        .iter()
        .find(|topic| topic.name() == TOPIC)?;
    let mut partitions = TopicPartitionList::new();
    partitions
        .add_partition_offset(TOPIC, 0, Offset::Beginning)
        .unwrap();
    consumer.assign(&partitions).unwrap();
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        // An error here is a connection that is tried again.
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            let text = std::str::from_utf8(message.payload().unwrap()).unwrap();
            return Some(text.to_owned());
        }
    }
    panic!("the topic is there, but its record did not come within {PATIENCE:?}");
}

/// The names of all topics that are not Kafka's own.
pub(crate) fn topics(stack: &DevStack) -> Vec<String> {
    let consumer: BaseConsumer = client(stack).create().unwrap();
    let metadata = consumer.fetch_metadata(None, PATIENCE).unwrap();
    let names = metadata
        .topics()
        .iter()
        .map(|topic| topic.name().to_owned());
    names.filter(|name| !name.starts_with("__")).collect()
}

pub(crate) fn client(stack: &DevStack) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", stack.kafka_brokers());
    config
}

/// Polls until `holds`, and fails with `what` when it does not in time.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(
            begin.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}"
        );
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
