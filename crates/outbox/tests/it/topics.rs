//! A topic read from outside any group.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use outbox::kafka::{KafkaOptions, TopicError, TopicReader, partition_of};
use outbox::{Event as _, Record};

use crate::conformance::ledger::{Deposited, deposit};
use crate::conformance::real::RealRig;
use crate::conformance::rig::Rig as _;

const TOPIC: &str = Deposited::TOPIC;

fn reader(rig: &RealRig) -> TopicReader {
    TopicReader::new(&rig.environment.kafka()).expect("the settings are Kafka's")
}

/// Offsets of all partitions, from the first to the last.
async fn whole(reader: &TopicReader) -> (BTreeMap<i32, i64>, BTreeMap<i32, i64>) {
    let ends = reader.ends(TOPIC).await.expect("the topic is there");
    let low = ends.iter().map(|end| (end.at.partition, end.low));
    let high = ends.iter().map(|end| (end.at.partition, end.high));
    (low.collect(), high.collect())
}

fn sorted(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by(|a, b| (&a.at, a.offset).cmp(&(&b.at, b.offset)));
    records
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_is_read_from_one_end_to_the_other() {
    let rig = RealRig::new(3).await;
    let messages: Vec<_> = (1..=3000)
        .map(|version| deposit(&format!("k{}", version % 50), version))
        .collect();
    rig.publish(&messages).await;
    let reader = reader(&rig);
    let (low, high) = whole(&reader).await;
    assert_eq!(low.len(), 3);
    assert_eq!(high.values().sum::<i64>(), 3000);
    let records: Vec<Record> = reader
        .read(TOPIC, &low, &high)
        .try_collect()
        .await
        .expect("it can be read");
    assert_eq!(sorted(records.clone()), rig.deposits().await);
    for record in &records {
        let key = record.key.as_deref().expect("a deposit has a key");
        assert_eq!(record.at.partition, partition_of(key, 3), "of {key}");
        assert!(record.timestamp.is_some());
    }

    // A part: offsets 5 to 9 of one partition, nothing of the others.
    let part: Vec<i64> = reader
        .read(TOPIC, &[(1, 5)].into(), &[(0, 7), (1, 10)].into())
        .map_ok(|record| record.offset)
        .try_collect()
        .await
        .expect("it can be read");
    assert_eq!(part, [5, 6, 7, 8, 9]);
    // What is dropped half-way does no harm.
    let mut half = reader.read(TOPIC, &low, &high);
    half.next()
        .await
        .expect("there is one")
        .expect("it is read");
    drop(half);
    let nothing = reader.read(TOPIC, &high, &high).count().await;
    assert_eq!(nothing, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_becomes_an_offset() {
    let rig = RealRig::new(1).await;
    let mut messages: Vec<_> = (1..=10).map(|version| deposit("a", version)).collect();
    let start: jiff::Timestamp = "2026-11-21T10:00:00Z".parse().expect("a time");
    for (number, message) in (0_i64..).zip(&mut messages) {
        message.time = start + jiff::SignedDuration::from_secs(number);
    }
    rig.publish(&messages).await;
    let reader = reader(&rig);
    for (seconds, offset) in [(-5, 0), (0, 0), (4, 4), (9, 9), (10, 10)] {
        let time = start + jiff::SignedDuration::from_secs(seconds);
        let found = reader.offsets_at(TOPIC, time).await.expect("it answers");
        assert_eq!(found, [(0, offset)].into(), "{seconds} s after the start");
    }
}

/// The end of a partition may be an offset without a record: compaction took it away, or it
/// is the mark of a transaction, as here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_without_a_record_is_an_end() {
    let rig = RealRig::new(1).await;
    rig.publish(&[deposit("a", 1)]).await;
    rig.environment.transaction(TOPIC, true).await;
    let reader = reader(&rig);
    let (low, high) = whole(&reader).await;
    assert_eq!(high, [(0, 3)].into(), "a record, another, and the mark");
    let records: Vec<Record> = reader
        .read(TOPIC, &low, &high)
        .try_collect()
        .await
        .expect("it ends");
    let offsets: Vec<i64> = records.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_is_reported() {
    let rig = RealRig::new(1).await;
    rig.publish(&[deposit("a", 1), deposit("a", 2)]).await;
    let reader = reader(&rig).with_patience(Duration::from_millis(500));
    let fault = reader.ends("no.such.topic").await.expect_err("unknown");
    assert!(matches!(&fault, TopicError::Unknown { topic } if topic == "no.such.topic"));
    let read = async |partition: i32, from: i64, to: i64| {
        let mut records = reader.read(
            TOPIC,
            &[(partition, from)].into(),
            &[(partition, to)].into(),
        );
        let first = records.next().await.expect("it says something");
        assert_eq!(records.count().await, 0, "an error is the last word");
        first.expect_err("it can't be read").to_string()
    };
    assert_eq!(
        read(0, 1, 9).await,
        format!("{TOPIC}/0 holds the offsets 0 to 2; 1 to 9 can't be read")
    );
    assert_eq!(
        read(0, -4, 1).await,
        format!("{TOPIC}/0 holds the offsets 0 to 2; -4 to 1 can't be read")
    );
    assert_eq!(
        read(7, 0, 1).await,
        format!("topic {TOPIC} has no partition 7")
    );
}

/// A port where nobody answers: an error in time, not a wait without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_is_an_error_in_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = silent.local_addr().expect("it is bound").to_string();
    let reader = TopicReader::new(&KafkaOptions::new(address)).expect("the settings are Kafka's");
    let reader = reader.with_patience(Duration::from_millis(200));
    let limit = Duration::from_secs(20);
    let ends = tokio::time::timeout(limit, reader.ends(TOPIC)).await;
    let fault = ends.expect("in time").expect_err("nobody answers");
    let text = format!("topic {TOPIC} can't be read");
    assert!(fault.to_string().starts_with(&text), "{fault}");
    let reading = reader.read(TOPIC, &[(0, 0)].into(), &[(0, 1)].into());
    let all: Vec<_> = tokio::time::timeout(limit, reading.collect())
        .await
        .expect("in time");
    assert!(matches!(&all[..], [Err(TopicError::Kafka { .. })]));
}
