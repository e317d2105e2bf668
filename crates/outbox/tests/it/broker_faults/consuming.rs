//! The source and the inbox: nothing skipped, nothing doubled, whatever brokers answer.

use std::time::Duration;

use futures::StreamExt as _;
use outbox::kafka::{KafkaPublisher, KafkaSource};
use outbox::memory::MemoryDatabase;
use outbox::{Event as _, Publisher as _};
use rdkafka::types::RDKafkaApiKey as Api;
use rdkafka::types::RDKafkaRespErr::*;
use testkit::eventually_within;
use testkit::faults::FaultCounts;

use super::{Answers, Cluster, PREFIX, describe};
use crate::conformance::inbox;
use crate::conformance::ledger::{Book, Deposited, Ledger as _, deposit, paid};
use crate::conformance::memory::Accounts;
use crate::conformance::rig::GROUP;

const ACCOUNTS: [&str; 4] = ["a", "b", "c", "d"];

/// What a broker may answer to one who reads or belongs to a group.
const ANSWERS: &[Answers] = &[
    (Api::Fetch, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 3),
    (Api::Fetch, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 3),
    (Api::Fetch, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, 2),
    (Api::Fetch, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, 3),
    (Api::Fetch, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, 3),
    (Api::Fetch, RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, 2),
    (Api::Fetch, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, 2),
    (Api::Fetch, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, 2),
    (Api::Fetch, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 2),
    (Api::Fetch, RD_KAFKA_RESP_ERR_UNKNOWN, 2),
    (Api::Fetch, RD_KAFKA_RESP_ERR_INVALID_MSG, 2),
    (Api::Fetch, RD_KAFKA_RESP_ERR__TRANSPORT, 4),
    (
        Api::ListOffsets,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        3,
    ),
    (Api::ListOffsets, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, 2),
    (Api::ListOffsets, RD_KAFKA_RESP_ERR__TRANSPORT, 2),
    (
        Api::FindCoordinator,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        3,
    ),
    (Api::FindCoordinator, RD_KAFKA_RESP_ERR__TRANSPORT, 2),
    (
        Api::JoinGroup,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        2,
    ),
    (Api::JoinGroup, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, 2),
    (Api::JoinGroup, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 2),
    (
        Api::JoinGroup,
        RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
        1,
    ),
    (Api::JoinGroup, RD_KAFKA_RESP_ERR__TRANSPORT, 2),
    (Api::SyncGroup, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 1),
    (Api::SyncGroup, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 1),
    (Api::SyncGroup, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, 1),
    (Api::Heartbeat, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 1),
    (Api::Heartbeat, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, 1),
    (Api::Heartbeat, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 1),
    (Api::Heartbeat, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, 1),
    (
        Api::Heartbeat,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        1,
    ),
    (Api::Heartbeat, RD_KAFKA_RESP_ERR__TRANSPORT, 1),
    (Api::OffsetCommit, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, 1),
    (
        Api::OffsetCommit,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        1,
    ),
    (Api::OffsetCommit, RD_KAFKA_RESP_ERR__TRANSPORT, 1),
    (Api::Metadata, RD_KAFKA_RESP_ERR__TRANSPORT, 2),
];

/// Joining a group of the mock takes three seconds, and longer after a rebalance.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_applied_once_whatever_brokers_answer() {
    crate::log();
    let mut fault_counts = FaultCounts::new("outbox: consuming from Kafka", &[]);
    let cases = ANSWERS.iter().map(|trouble| async move {
        let what = describe(trouble);
        let cluster = Cluster::new();
        consuming(&cluster, &what, async || cluster.answer(trouble)).await;
        what
    });
    let mut done = futures::stream::iter(cases).buffer_unordered(12);
    while let Some(what) = done.next().await {
        fault_counts.count(&what);
    }
    fault_counts.report();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_applied_once_though_leaders_change_and_brokers_go() {
    crate::log();
    let mut fault_counts = FaultCounts::new("outbox: consuming while brokers change", &[]);
    let topic = &format!("{PREFIX}{}", Deposited::TOPIC);
    let cases = ["leaders change", "slow brokers", "brokers away"];
    let cases = cases.map(|what| async move {
        let cluster = Cluster::new();
        let mock = &cluster.mock;
        consuming(&cluster, what, async || match what {
            "leaders change" => {
                for broker in [2, 3, 1] {
                    for partition in 0..super::PARTITIONS {
                        let moved = mock.partition_leader(topic, partition, Some(broker));
                        moved.expect("the broker is there");
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            "slow brokers" => {
                let slow = mock.broker_round_trip_time(-1, Duration::from_millis(100));
                slow.expect("the brokers are there");
            }
            _ => {
                mock.broker_down(-1).expect("the brokers are there");
                tokio::time::sleep(Duration::from_millis(800)).await;
                mock.broker_up(-1).expect("the brokers are there");
            }
        })
        .await;
        what
    });
    for what in futures::future::join_all(cases).await {
        fault_counts.count(what);
    }
    fault_counts.report();
}

/// An inbox reads while `meddle` meddles: before it joins its group, and when it is at work.
async fn consuming(cluster: &Cluster, what: &str, meddle: impl AsyncFn()) {
    let database: MemoryDatabase<Accounts> = MemoryDatabase::default();
    let publisher = KafkaPublisher::new(&cluster.options).expect("the settings are Kafka's");
    publish(&publisher, 1..=5).await;
    meddle().await;
    let source = KafkaSource::subscribe(&cluster.options, GROUP, [Deposited::TOPIC]);
    let source = source.expect("the settings are Kafka's");
    let working = inbox(&database, source, Book::new(database.clone()));
    applied(&database, 5, what).await;
    meddle().await;
    // Two heartbeats long, and a report of the progress.
    for step in 0..8 {
        publish(&publisher, 6 + step * 2..=7 + step * 2).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    applied(&database, 21, what).await;
    working.stop().await.expect("the checkpoints fit");
}

async fn publish(publisher: &KafkaPublisher, versions: std::ops::RangeInclusive<u64>) {
    let messages: Vec<_> = versions
        .flat_map(|version| ACCOUNTS.map(|account| deposit(account, version)))
        .collect();
    let sent = publisher.publish(&messages).await;
    sent.expect("the producer mends what it meets");
}

/// Waits until each account has seen `version`, each before it once and in order.
async fn applied(database: &MemoryDatabase<Accounts>, version: i64, what: &str) {
    for account in ACCOUNTS {
        let reached = async || database.committed(account).await.version >= version;
        eventually_within(PATIENCE, &format!("{what}: {account} {version}"), reached).await;
        let now = database.committed(account).await;
        assert_eq!(now, paid(version), "{what}: each once, in order");
    }
}
