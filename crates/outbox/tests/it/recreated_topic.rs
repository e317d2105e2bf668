//! A topic that is deleted and made anew, and is longer than the checkpoint by then.

use outbox::inbox::InboxError;
use outbox::kafka::{KafkaAdmin, TopicSpec};
use outbox::mongo::MongoDatabase;
use outbox::{Event as _, InboxStore as _};
use testkit::eventually;

use crate::conformance::inbox;
use crate::conformance::ledger::{Book, Deposited, Ledger as _, deposit, paid};
use crate::conformance::real::RealRig;
use crate::conformance::rig::{GROUP, Rig as _};
use crate::conformance::running::Running;

/// Deletes the deposits' topic and makes it anew with deposits up to `version`.
async fn recreate(rig: &RealRig, version: u64) {
    let admin = KafkaAdmin::new(&rig.environment.kafka()).expect("the settings are Kafka's");
    let deleted = admin.delete_topics(&[Deposited::TOPIC]).await;
    deleted.expect("Kafka deletes it");
    let made = [TopicSpec::unlimited(Deposited::TOPIC, 1)];
    eventually("the topic is made anew", || async {
        // Until it is deleted everywhere, it is there already.
        let made = admin.ensure_topics(&made).await;
        let there = admin.topic(Deposited::TOPIC).await;
        made.is_ok() && there.is_ok_and(|there| there.is_some_and(|topic| !topic.written))
    })
    .await;
    let deposits: Vec<_> = (1..=version).map(|version| deposit("b", version)).collect();
    rig.publish(&deposits).await;
}

async fn handled(db: &MongoDatabase, next: i64) {
    eventually("the records are handled", || async {
        let stands = db.checkpoints(GROUP).await.expect("it answers");
        stands.iter().any(|claim| claim.next == next)
    })
    .await;
}

/// A topic with three deposits, and an inbox that has handled them.
async fn after_three_deposits() -> (RealRig, MongoDatabase, Running<Result<(), InboxError>>) {
    crate::log();
    let rig = RealRig::new(1).await;
    let db = rig.database().await;
    rig.publish(&[deposit("a", 1), deposit("a", 2), deposit("a", 3)])
        .await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    handled(&db, 3).await;
    (rig, db, consuming)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_does_not_go_on_in_a_topic_that_was_made_anew() {
    let (rig, db, consuming) = after_three_deposits().await;
    consuming.stop().await.expect("the checkpoint fits");
    recreate(&rig, 9).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    let fault = consuming.end().await.expect_err("it is another topic");
    assert!(
        matches!(fault, InboxError::AnotherTopic { next: 3, .. }),
        "{fault}"
    );
    assert!(fault.to_string().contains("delete the group's checkpoints"));

    // What it says is what helps.
    let checkpoints = db.database().collection::<bson::Document>("checkpoints");
    let of_the_topic = bson::doc! { "group": GROUP, "topic": Deposited::TOPIC };
    checkpoints
        .delete_many(of_the_topic)
        .await
        .expect("it answers");
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    handled(&db, 9).await;
    consuming.stop().await.expect("the checkpoint fits");
    assert_eq!(db.committed("b").await, paid(9), "from its beginning");
}

/// The client itself goes on at its offset.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_at_work_notices_that_its_topic_was_made_anew() {
    let (rig, _, consuming) = after_three_deposits().await;
    recreate(&rig, 9).await;
    let fault = consuming.end().await.expect_err("it is another topic");
    assert!(matches!(fault, InboxError::AnotherTopic { .. }), "{fault}");
}
