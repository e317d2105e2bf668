//! A reader whose inbox is slow pauses its partitions; they must not stay paused in other hands.

use std::time::Duration;

use outbox::checkpoint::Claim;
use outbox::kafka::{KafkaPublisher, KafkaSource, TopicSpec};
use outbox::source::Assigned;
use outbox::{Message, Publisher, Source, SourceEvent};
use testkit::TestEnvironment;

use crate::conformance::ledger::deposit;

/// More than the channel to the inbox holds, several times.
const RECORDS: usize = 6_000;

async fn assigned(source: &mut KafkaSource) -> Vec<Assigned> {
    let told = async {
        loop {
            match source.next().await {
                Some(SourceEvent::Assigned(partitions)) => return partitions,
                Some(_) => {}
                None => panic!("the source ended"),
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), told).await;
    told.expect("the group gives us partitions")
}

fn from_the_beginning(partitions: &[Assigned]) -> Vec<Claim> {
    let claim = |assigned: &Assigned| Claim {
        at: assigned.at.clone(),
        epoch: 1,
        next: assigned.low,
        topic_id: assigned.topic_id,
        replay: None,
    };
    partitions.iter().map(claim).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paused_is_read_again_after_a_change_of_hands() {
    let environment = TestEnvironment::new().await;
    let messages: Vec<Message> = (0..RECORDS)
        .map(|number| deposit(&format!("key {}", number % 100), 1))
        .collect();
    let topic = messages[0].topic.clone();
    environment
        .ensure_topics(&[TopicSpec::unlimited(topic.clone(), 4)])
        .await;
    let publisher = KafkaPublisher::new(&environment.kafka()).unwrap();
    publisher.publish(&messages).await.unwrap();

    let mut slow = KafkaSource::subscribe(&environment.kafka(), "slow", [topic.as_str()]).unwrap();
    let partitions = assigned(&mut slow).await;
    assert_eq!(partitions.len(), 4);
    slow.begin(&from_the_beginning(&partitions));
    // Longer than the reader stands still before it pauses: being slow is what is tried here.
    tokio::time::sleep(Duration::from_secs(4)).await;

    // It has its part as soon as the slow one has given up its own.
    let mut other = KafkaSource::subscribe(&environment.kafka(), "slow", [topic.as_str()]).unwrap();
    assert_eq!(assigned(&mut other).await.len(), 2);
    other.close();
    let mut partitions = assigned(&mut slow).await;
    while partitions.len() < 4 {
        partitions = assigned(&mut slow).await;
    }
    slow.begin(&from_the_beginning(&partitions));
    let reading = async {
        let mut read = 0;
        while read < RECORDS {
            match slow.next().await {
                Some(SourceEvent::Records(records)) => read += records.len(),
                Some(other) => panic!("{other:?}"),
                None => panic!("the source ended"),
            }
        }
        read
    };
    let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
    assert_eq!(read.expect("everything is read"), RECORDS);
    slow.close();
}
