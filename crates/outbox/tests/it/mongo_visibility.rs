//! MongoDB shows transactions in the order of their commits, not of their ids.

use std::time::Duration;

use bson::{Document, doc};
use mongodb::options::ReadConcern;
use outbox::{Clock as _, Database as _, OutboxRecord, OutboxStore as _, SystemClock};
use testkit::eventually;
use uuid::Uuid;

use crate::conformance::ledger::deposit;
use crate::conformance::real::RealRig;
use crate::conformance::rig::{Rig, versions};
use crate::conformance::{is_empty, relay};

fn record(account: &str) -> OutboxRecord {
    OutboxRecord {
        id: SystemClock.uuid(),
        written_at: SystemClock.now(),
        messages: vec![deposit(account, 1)],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_stays_open_while_others_are_published_is_not_lost() {
    stays_open(&RealRig::new(3).await).await;
}

pub(crate) async fn stays_open<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let relaying = relay(&db, rig.publisher());
    let mut open = db.begin().await.expect("it answers");
    db.append(&mut open, &record("slow"))
        .await
        .expect("it answers");
    let mut quick = db.begin().await.expect("it answers");
    db.append(&mut quick, &record("quick"))
        .await
        .expect("it answers");
    db.commit(quick).await.expect("nothing conflicts");
    eventually("the quick one is published and deleted", || async {
        rig.deposits().await.len() == 1 && is_empty(&db).await
    })
    .await;
    db.commit(open).await.expect("nothing conflicts");
    let mut last = db.begin().await.expect("it answers");
    db.append(&mut last, &record("last"))
        .await
        .expect("it answers");
    db.commit(last).await.expect("nothing conflicts");
    eventually("what was written last is published", || async {
        versions(&rig.deposits().await, "last") == [1]
    })
    .await;
    relaying.stop().await;
    let slow = versions(&rig.deposits().await, "slow");
    assert_eq!(slow, [1], "the slow one is published too");
}

/// Read at several moments, a page could have a later record of a key and lack an earlier one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_reads_the_table_at_one_moment() {
    let rig = RealRig::new(1).await;
    let db = rig.database().await;
    let watched = db.database().run_command(doc! { "profile": 2 }).await;
    watched.expect("it answers");
    db.pending(9, &[Uuid::nil()]).await.expect("it answers");
    let unwatched = db.database().run_command(doc! { "profile": 0 }).await;
    unwatched.expect("it answers");
    let seen = db.database().collection::<Document>("system.profile");
    let reading = seen.find_one(doc! { "command.find": "outbox" }).await;
    let reading = reading.expect("it answers").expect("it was seen");
    let concern = reading.get_document("command").expect("a command");
    let concern = concern.get_document("readConcern").expect("its concern");
    assert_eq!(concern.get_str("level").ok(), Some("snapshot"));
}

/// The relay is notified by other instances, well before its own poll.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_another_instance_wakes_the_relay() {
    let rig = RealRig::new(1).await;
    let (db, other) = (rig.database().await, rig.database().await);
    let lease = Duration::from_secs(60);
    let held = db.lease("s", SystemClock.uuid(), lease).await;
    held.expect("it answers").expect("nobody else has it");
    let notifier = db.database().collection::<Document>("outbox_bell");
    // As notifications are: they do not wait for a majority.
    let notifications = || async {
        let count = notifier
            .count_documents(doc! {})
            .read_concern(ReadConcern::local());
        count.await.expect("it answers")
    };
    // The first answer says that the cursor is open; then come old notifications.
    db.changed_elsewhere().await.expect("it answers");
    let before = notifications().await;
    for _ in 0..before {
        db.changed_elsewhere().await.expect("it answers");
    }
    let received = tokio::spawn({
        let db = db.clone();
        async move { db.changed_elsewhere().await }
    });
    for (writer, account) in [(&db, "own"), (&other, "other")] {
        let mut tx = writer.begin().await.expect("it answers");
        let published = writer.append(&mut tx, &record(account)).await;
        published.expect("it answers");
        writer.commit(tx).await.expect("nothing conflicts");
    }
    eventually("the other's commit is heard", || async {
        received.is_finished()
    })
    .await;
    received
        .await
        .expect("it does not panic")
        .expect("it answers");
    assert_eq!(
        notifications().await,
        before + 1,
        "whoever publishes does not notify itself"
    );
}
