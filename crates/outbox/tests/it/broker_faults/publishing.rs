//! The relay and the publisher: nothing lost, nothing out of order, whatever brokers answer.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use outbox::OutboxStore as _;
use outbox::kafka::KafkaPublisher;
use outbox::memory::MemoryDatabase;
use outbox::{Event as _, transact};
use rdkafka::types::RDKafkaApiKey as Api;
use rdkafka::types::RDKafkaRespErr::*;
use testkit::eventually;
use testkit::faults::FaultCounts;

use super::{Answers, Cluster, PREFIX, describe};
use crate::conformance::ledger::{Deposit, Deposited, deposit};
use crate::conformance::memory::Accounts;
use crate::conformance::relay;
use crate::conformance::rig::versions;

const ACCOUNTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// What a broker may answer that an idempotent producer mends by itself.
const PASSING: &[Answers] = &[
    (Api::Produce, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 3),
    (Api::Produce, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, 2),
    (Api::Produce, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 2),
    (Api::Produce, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, 3),
    (Api::Produce, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 3),
    (
        Api::Produce,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        3,
    ),
    (Api::Produce, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, 2),
    (
        Api::Produce,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        2,
    ),
    (Api::Produce, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, 2),
    (Api::Produce, RD_KAFKA_RESP_ERR_INVALID_MSG, 1),
    (Api::Produce, RD_KAFKA_RESP_ERR__TRANSPORT, 3),
    (Api::Metadata, RD_KAFKA_RESP_ERR__TRANSPORT, 2),
    (Api::Metadata, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, 2),
    (
        Api::InitProducerId,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        2,
    ),
    (Api::InitProducerId, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, 2),
    (Api::InitProducerId, RD_KAFKA_RESP_ERR__TRANSPORT, 2),
    (Api::ApiVersion, RD_KAFKA_RESP_ERR__TRANSPORT, 1),
];

/// What it does not: it has to be replaced.
const FOR_GOOD: &[Answers] = &[
    (Api::Produce, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, 2),
    (Api::Produce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 1),
    (
        Api::Produce,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        2,
    ),
    (Api::Produce, RD_KAFKA_RESP_ERR_INVALID_RECORD, 1),
    (Api::Produce, RD_KAFKA_RESP_ERR_POLICY_VIOLATION, 1),
    (Api::Produce, RD_KAFKA_RESP_ERR_UNKNOWN, 1),
    (
        Api::Produce,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        1,
    ),
    (
        Api::InitProducerId,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        1,
    ),
    (
        Api::Produce,
        RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
        1,
    ),
    (Api::Produce, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, 1),
    (Api::Produce, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, 1),
    (Api::Produce, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, 1),
    (
        Api::Produce,
        RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
        1,
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_published_in_order_whatever_brokers_answer() {
    crate::log();
    let mut fault_counts = FaultCounts::new("outbox: publishing to Kafka", &[]);
    let all = PASSING.iter().map(|trouble| (trouble, Order::Strict));
    let all = all.chain(FOR_GOOD.iter().map(|trouble| (trouble, Order::Whole)));
    let cases = all.map(|(trouble, order)| async move {
        let what = describe(trouble);
        let cluster = Cluster::new();
        let meddle = async || cluster.answer(trouble);
        let repeated = publishing(&cluster, &what, order, meddle).await;
        (what, repeated)
    });
    let mut done = futures::stream::iter(cases).buffer_unordered(4);
    while let Some((what, repeated)) = done.next().await {
        println!("{what}: {repeated} published again");
        fault_counts.count(&what);
    }
    fault_counts.report();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_published_in_order_though_leaders_change_and_brokers_go() {
    crate::log();
    let mut fault_counts = FaultCounts::new("outbox: publishing while brokers change", &[]);
    let topic = format!("{PREFIX}{}", Deposited::TOPIC);
    for what in ["leaders change", "slow brokers", "brokers away"] {
        let cluster = Cluster::new();
        let mock = &cluster.mock;
        publishing(&cluster, what, Order::Strict, async || match what {
            "leaders change" => {
                for broker in [2, 3, 1, 2] {
                    for partition in 0..super::PARTITIONS {
                        let moved = mock.partition_leader(&topic, partition, Some(broker));
                        moved.expect("the broker is there");
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            "slow brokers" => {
                let slow = mock.broker_round_trip_time(-1, Duration::from_millis(300));
                slow.expect("the brokers are there");
            }
            _ => {
                mock.broker_down(-1).expect("the brokers are there");
                tokio::time::sleep(Duration::from_millis(400)).await;
                mock.broker_up(-1).expect("the brokers are there");
            }
        })
        .await;
        fault_counts.count(what);
    }
    fault_counts.report();
}

/// A relay publishes while deposits are made and `meddle` meddles; how many messages there are
/// more often than once.
async fn publishing(cluster: &Cluster, what: &str, order: Order, meddle: impl AsyncFn()) -> usize {
    let database: MemoryDatabase<Accounts> = MemoryDatabase::default();
    let publisher = KafkaPublisher::new(&cluster.options).expect("the settings are Kafka's");
    // For what comes while the producer is not known to any broker yet.
    pay(&database, 3).await;
    meddle().await;
    let publishing = relay(&database, publisher);
    empty(&database, what).await;
    // And for what comes to one at work, some of it while the answers are under way.
    pay(&database, 2).await;
    meddle().await;
    pay(&database, 10).await;
    empty(&database, what).await;
    pay(&database, 5).await;
    empty(&database, what).await;
    publishing.stop().await;
    let records = cluster.deposits().await;
    let expected: Vec<u64> = (1..=20).collect();
    for account in ACCOUNTS {
        let lying = versions(&records, account);
        match order {
            Order::Strict => {
                let once = without_repetitions(&lying);
                assert_eq!(once, expected, "{what}: all of {account}, in order");
            }
            Order::Whole => {
                let mut wanted = expected.iter().peekable();
                for version in &lying {
                    wanted.next_if_eq(&version);
                }
                assert_eq!(wanted.next(), None, "{what}: {account} lies as {lying:?}");
            }
        }
    }
    records.len() - ACCOUNTS.len() * 20
}

async fn pay(database: &MemoryDatabase<Accounts>, times: usize) {
    for account in ACCOUNTS.repeat(times) {
        let mut paying = Deposit {
            db: database,
            account,
            amount: 1,
        };
        let paid = transact(database, &mut paying).await;
        paid.expect("memory takes it");
    }
}

async fn empty(database: &MemoryDatabase<Accounts>, what: &str) {
    eventually(&format!("{what}: published"), || async {
        let left = database.pending(1, &[]).await.expect("memory answers");
        left.is_empty()
    })
    .await;
}

/// The versions in the order in which each was there first.
fn without_repetitions(lying: &[u64]) -> Vec<u64> {
    let mut seen = std::collections::BTreeSet::new();
    let mut all = lying.to_vec();
    all.retain(|version| seen.insert(*version));
    all
}

/// What lies there of an account has to be.
#[derive(Clone, Copy)]
enum Order {
    /// Nothing comes before what it follows upon, not even once.
    Strict,
    /// After all that there is, each has come after the one that it follows upon. The mock takes
    /// what was under way behind a message that it refused; a broker does not, because of the gap
    /// in the sequence numbers.
    Whole,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_queued_behind_a_refused_message_does_not_overtake_it() {
    use outbox::Publisher as _;
    /// As many requests as an idempotent producer has under way at a time.
    const UNDER_WAY: u64 = 5;
    crate::log();
    let cluster = Cluster::new();
    let publisher = KafkaPublisher::new(&cluster.options).expect("the settings are Kafka's");
    let first = publisher.publish(&[deposit("a", 1)]).await;
    first.expect("it is taken");
    // Each so large that it is a request of its own, and all together so small that the mock, which
    // keeps 5 MiB, has room.
    let large: Vec<_> = (2..=9)
        .map(|version| outbox::Message {
            payload: vec![b'x'; 510_000],
            ..deposit("a", version)
        })
        .collect();
    cluster.answer(&(Api::Produce, RD_KAFKA_RESP_ERR_POLICY_VIOLATION, 1));
    let refused = publisher.publish(&large).await;
    assert!(refused.is_err(), "one of them was refused");
    let behind = versions(&cluster.deposits().await, "a");
    let overtaking = behind.iter().filter(|version| **version > 1 + UNDER_WAY);
    assert_eq!(overtaking.count(), 0, "{behind:?}");
    let again = publisher.publish(&large).await;
    again.expect("another producer sends them");
    let lying = versions(&cluster.deposits().await, "a");
    assert!(lying.ends_with(&(2..=9).collect::<Vec<u64>>()), "{lying:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_that_is_beyond_repair_is_replaced() {
    use outbox::Publisher as _;
    crate::log();
    let cluster = Cluster::new();
    let publisher = KafkaPublisher::new(&cluster.options).expect("the settings are Kafka's");
    let mut outcomes: BTreeMap<bool, u64> = BTreeMap::new();
    for version in 1..=20 {
        if version % 4 == 0 {
            // For an idempotent producer this is fatal: it takes nothing any more.
            let fatal = RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
            cluster.answer(&(Api::Produce, fatal, 1));
        }
        let message = [deposit("a", version)];
        while let Err(fault) = publisher.publish(&message).await {
            assert!(fault.topic.ends_with(Deposited::TOPIC), "{fault}");
            *outcomes.entry(false).or_default() += 1;
        }
        *outcomes.entry(true).or_default() += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([(false, 5), (true, 20)]));
    let lying = versions(&cluster.deposits().await, "a");
    assert_eq!(lying, (1..=20).collect::<Vec<u64>>());
}
