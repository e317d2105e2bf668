//! From the topic to the state.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outbox::{HandleError, OutboxStore as _, Record, StoreError};
use testkit::eventually;

use super::inbox;
use super::ledger::{Book, Ledger, deposit, paid};
use super::rig::{GROUP, Rig, ends, header, versions};

/// Whether the checkpoints stand behind the last of `records`.
pub(crate) async fn is_at_the_end<D: Ledger>(db: &D, records: &[Record]) -> bool {
    let ends = ends(records);
    let claims = db.checkpoints(GROUP).await.expect("the store answers");
    ends.iter()
        .all(|(at, end)| claims.iter().any(|c| c.at == *at && c.next == *end))
}

/// Waits until everything that lies there is applied or dead-lettered.
pub(super) async fn applied<R: Rig>(rig: &R, db: &R::Db) {
    let records = rig.deposits().await;
    eventually("all is applied or dead-lettered", || {
        is_at_the_end(db, &records)
    })
    .await;
}

/// `count` deposits for each of `keys`, in turns.
pub(super) async fn publish<R: Rig>(rig: &R, keys: &[&str], versions: std::ops::Range<u64>) {
    let messages: Vec<_> = versions
        .flat_map(|version| keys.iter().map(move |key| deposit(key, version)))
        .collect();
    rig.publish(&messages).await;
}

pub(super) async fn records_are_applied_in_order_and_the_checkpoint_moves<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a", "b", "c"], 1..31).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    publish(rig, &["a", "b", "c"], 31..61).await;
    let records = rig.deposits().await;
    assert_eq!(records.len(), 180);
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    consuming.stop().await.expect("the checkpoints fit");
    for key in ["a", "b", "c"] {
        assert_eq!(db.committed(key).await, paid(60), "of {key}");
    }
}

pub(super) async fn a_batch_writes_its_messages_in_one_record<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a", "b"], 1..21).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    applied(rig, &db).await;
    consuming.stop().await.expect("the checkpoints fit");
    let published = db.pending(1000, &[]).await.expect("the store answers");
    assert!(
        published.len() <= 20,
        "{} records for 40 events",
        published.len()
    );
    let messages: Vec<_> = published
        .iter()
        .flat_map(|record| &record.messages)
        .collect();
    assert_eq!(messages.len(), 40);
    let records = rig.deposits().await;
    let causes: Vec<_> = records
        .iter()
        .filter_map(|record| header(record, "ce_id"))
        .collect();
    for message in messages {
        assert_eq!((&*message.source, &*message.event_type), (GROUP, "Booked"));
        let cause = message.context.causation_id.as_deref();
        assert!(cause.is_some_and(|id| causes.contains(&id)), "{cause:?}");
    }
    let relaying = super::relay(&db, rig.publisher());
    eventually("the bookings are published", || async {
        rig.bookings().await.len() == 40
    })
    .await;
    relaying.stop().await;
    let bookings = rig.bookings().await;
    let expected: Vec<u64> = (1..=20).collect();
    for key in ["a", "b"] {
        assert_eq!(versions(&bookings, key), expected, "of {key}");
    }
}

pub(super) async fn an_event_published_twice_changes_state_once<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let messages = [deposit("a", 1), deposit("a", 2), deposit("a", 3)];
    rig.publish(&messages).await;
    rig.publish(&messages).await;
    let handler = Book::new(db.clone()).guarded();
    let consuming = inbox(&db, rig.source(GROUP), handler);
    let records = rig.deposits().await;
    assert_eq!(records.len(), 6);
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    rig.publish(&messages[..1]).await;
    applied(rig, &db).await;
    consuming.stop().await.expect("the checkpoints fit");
    assert_eq!(db.committed("a").await, paid(3));
}

pub(super) async fn a_new_inbox_goes_on_where_the_last_one_ended<R: Rig>(rig: &R) {
    let db = rig.database().await;
    for round in 0..3 {
        publish(rig, &["a", "b"], round * 10 + 1..round * 10 + 11).await;
        let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
        let records = rig.deposits().await;
        eventually("all is applied", || is_at_the_end(&db, &records)).await;
        consuming.stop().await.expect("the checkpoints fit");
    }
    for key in ["a", "b"] {
        assert_eq!(db.committed(key).await, paid(30), "of {key}");
    }
}

pub(crate) async fn a_passing_fault_leaves_nothing_half_done<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a", "b"], 1..11).await;
    let failures = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&failures);
    // More often than a transaction is tried in one go, so that the inbox waits too.
    let handler = Book::new(db.clone()).failing(move |event| {
        let hit = event.version == 5 && event.account == "a";
        let fault = hit && count.fetch_add(1, Ordering::SeqCst) < 7;
        fault.then(|| HandleError::Retry(StoreError::transient("this is a test")))
    });
    let consuming = inbox(&db, rig.source(GROUP), handler);
    applied(rig, &db).await;
    consuming.stop().await.expect("the checkpoints fit");
    for key in ["a", "b"] {
        let applied = db.committed(key).await;
        assert_eq!(applied, paid(10), "each once, in order, of {key}");
    }
    assert!(failures.load(Ordering::SeqCst) > 7);
    let published = db.pending(1000, &[]).await.expect("the store answers");
    let messages = published.iter().map(|record| record.messages.len());
    assert_eq!(messages.sum::<usize>(), 20);
    assert_eq!(db.dead_letters().await, []);
}

pub(super) async fn event_types_that_nobody_asked_for_are_passed_over<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a"], 1..2).await;
    let headers = [("ce_type", "Withdrawn"), ("ce_dataversion", "77")];
    rig.append_raw(Some("a"), &headers, b"whatever").await;
    publish(rig, &["a"], 2..3).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    let records = rig.deposits().await;
    assert_eq!(records.len(), 3);
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    consuming.stop().await.expect("the checkpoints fit");
    assert_eq!(db.committed("a").await, paid(2));
    assert_eq!(db.dead_letters().await, []);
}
