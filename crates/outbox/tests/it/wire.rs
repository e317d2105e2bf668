//! What other programs see on the topic.

use std::time::Duration;

use outbox::{Clock as _, Event as _, Message, MessageContext, SystemClock};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use uuid::Uuid;

use crate::conformance::ledger::Deposited;
use crate::conformance::real::RealRig;
use crate::conformance::rig::Rig as _;

/// The hash of Kafka's Java client (`org.apache.kafka.common.utils.Utils.murmur2`),
/// written from the algorithm's description by Austin Appleby.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).expect("keys are short");
    let mut hash = 0x9747_b28c_u32 ^ length;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let word = u32::from_le_bytes(word.try_into().expect("four bytes"));
        let word = word.wrapping_mul(M);
        let word = (word ^ (word >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ word;
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

fn partition(key: &str, partitions: u32) -> i32 {
    let positive = murmur2(key.as_bytes()) & 0x7fff_ffff;
    i32::try_from(positive % partitions).expect("a partition's number is small")
}

#[test]
fn the_oracle_agrees_with_javas_own_test_vectors() {
    // From Apache Kafka's UtilsTest.testMurmur2.
    let known: [(&str, i32); 5] = [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("abc", 479_470_107),
    ];
    for (key, hash) in known {
        assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "of {key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_go_where_java_clients_put_them() {
    let rig = RealRig::new(6).await;
    let keys: Vec<String> = (0..50).map(|_| Uuid::now_v7().to_string()).collect();
    let deposits: Vec<Message> = keys
        .iter()
        .map(|key| crate::conformance::ledger::deposit(key, 1))
        .collect();
    rig.publish(&deposits).await;
    let records = rig.deposits().await;
    assert_eq!(records.len(), 50);
    for record in records {
        let key = record.key.expect("it has a key");
        assert_eq!(record.at.partition, partition(&key, 6), "of {key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_a_cloud_event_in_binary_mode() {
    let rig = RealRig::new(1).await;
    let event = Deposited {
        account: "DE-12".to_owned(),
        amount: 250,
        version: 7,
    };
    let context = MessageContext {
        correlation_id: Some("request-1".to_owned()),
        causation_id: Some("cause-1".to_owned()),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    };
    let time = "2026-11-21T10:11:12.345Z".parse().expect("a time");
    let id = SystemClock.uuid();
    let message = Message::new(id, "bank", time, context, &event).expect("it is valid");
    rig.publish(&[message]).await;

    let topic = format!("{}{}", rig.environment.topic_prefix(), Deposited::TOPIC);
    let brokers = rig.environment.kafka_brokers().to_owned();
    let (headers, payload, key, stamp) =
        tokio::task::spawn_blocking(move || first(&brokers, &topic))
            .await
            .expect("it can be read");
    let id = id.to_string();
    let expected = [
        ("ce_specversion", "1.0"),
        ("ce_id", &id),
        ("ce_type", "Deposited"),
        ("ce_source", "/bank"),
        ("ce_subject", "DE-12"),
        ("ce_time", "2026-11-21T10:11:12.345Z"),
        ("content-type", "application/json"),
        ("ce_dataversion", "1"),
        ("ce_aggregateversion", "7"),
        ("ce_correlationid", "request-1"),
        ("ce_causationid", "cause-1"),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(headers, expected);
    assert_eq!(key, "DE-12");
    assert_eq!(stamp, Some(time.as_millisecond()));
    let json: serde_json::Value = serde_json::from_slice(&payload).expect("plain JSON");
    let plain = serde_json::json!({ "account": "DE-12", "amount": 250, "version": 7 });
    assert_eq!(json, plain);
}

type Raw = (Vec<(String, String)>, Vec<u8>, String, Option<i64>);

fn first(brokers: &str, topic: &str) -> Raw {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "a-stranger")
        .create()
        .expect("the settings are Kafka's");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Beginning)
        .expect("the offset is valid");
    consumer.assign(&list).expect("the partition is there");
    let message = consumer
        .poll(Duration::from_secs(20))
        .expect("it comes in time")
        .expect("Kafka answers");
    let headers = message.headers().expect("it has headers").iter();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is text");
    (
        headers
            .map(|h| (h.key.to_owned(), text(h.value.unwrap_or_default())))
            .collect(),
        message.payload().unwrap_or_default().to_vec(),
        text(message.key().unwrap_or_default()),
        message.timestamp().to_millis(),
    )
}
