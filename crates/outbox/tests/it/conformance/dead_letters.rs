//! What can't be applied is set aside, and what comes behind it waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outbox::{DeadLetter, Event as _, HandleError, StoreError};
use testkit::eventually;

use super::applying::{applied, publish};
use super::ledger::{Account, Book, Deposited, Ledger, Letter, deposit, paid};
use super::rig::{GROUP, Rig, header};
use super::{inbox, relay};

/// The dead letters as (key, reason, waits), in the order of their keys.
async fn dead_lettered<D: Ledger>(db: &D) -> Vec<(String, String, bool)> {
    let dead_letters = db.dead_letters().await.into_iter();
    let mut all: Vec<_> = dead_letters
        .map(|l: Letter| (l.key.unwrap_or_default(), l.offset, l.reason, l.waits))
        .collect();
    all.sort();
    all.into_iter().map(|(k, _, r, w)| (k, r, w)).collect()
}

async fn apply_all<R: Rig>(rig: &R, handler: impl Fn(R::Db) -> Book<R::Db>) -> R::Db {
    let db = rig.database().await;
    let consuming = inbox(&db, rig.source(GROUP), handler(db.clone()));
    applied(rig, &db).await;
    consuming.stop().await.expect("the checkpoints fit");
    db
}

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const WAITS: &str = "an earlier message of this key is dead-lettered";

pub(super) async fn one_failing_message_of_a_batch_is_dead_lettered_alone<R: Rig>(rig: &R) {
    publish(rig, &["a", "b", "c"], 1..6).await;
    let db = apply_all(rig, |db| {
        Book::new(db).failing(|event| {
            let hit = (&*event.account, event.version) == ("b", 4);
            hit.then(|| HandleError::DeadLetter("no such bank".to_owned()))
        })
    })
    .await;
    let expected = [("no such bank", false), (WAITS, true)];
    let expected = expected.map(|(reason, waits)| ("b".to_owned(), reason.to_owned(), waits));
    assert_eq!(dead_lettered(&db).await, expected);
    assert_eq!(db.committed("a").await, paid(5));
    assert_eq!(db.committed("b").await, paid(3));
    assert_eq!(db.committed("c").await, paid(5));
}

pub(super) async fn unreadable_messages_are_dead_lettered_and_their_keys_wait<R: Rig>(rig: &R) {
    let id = "0198a000-0000-7000-8000-000000000000";
    let (time, kind) = ("2026-11-21T12:00:00Z", "Deposited");
    let common = [("ce_id", id), ("ce_time", time), ("ce_type", kind)];
    let [ce_id, ce_time, ce_type] = common;
    let (v1, v9) = (("ce_dataversion", "1"), ("ce_dataversion", "9"));
    let good = br#"{"account":"x","amount":1,"version":1}"#;
    rig.append_raw(Some("value"), &[ce_id, ce_time, ce_type, v1], b"{\"acc")
        .await;
    rig.append_raw(Some("version"), &[ce_id, ce_time, ce_type, v9], good)
        .await;
    rig.append_raw(Some("id"), &[ce_time, ce_type, v1], good)
        .await;
    rig.append_raw(Some("type"), &[ce_id, ce_time, v1], good)
        .await;
    let keys = ["value", "version", "id", "type", "fine"];
    publish(rig, &keys, 1..3).await;
    let db = apply_all(rig, Book::new).await;
    let dead_lettered = dead_lettered(&db).await;
    let firsts = [
        ("id", "ce_id"),
        ("type", "ce_type"),
        ("value", "can't be read"),
        ("version", "Deposited version 9 is unknown"),
    ];
    assert_eq!(dead_lettered.len(), 12, "{dead_lettered:?}");
    for (dead_letters, (key, reason)) in dead_lettered.chunks(3).zip(firsts) {
        assert_eq!((&*dead_letters[0].0, dead_letters[0].2), (key, false));
        assert!(dead_letters[0].1.contains(reason), "{dead_letters:?}");
        for waiting in &dead_letters[1..] {
            assert_eq!(*waiting, (key.to_owned(), WAITS.to_owned(), true));
        }
        assert_eq!(db.committed(key).await, Account::default(), "of {key}");
    }
    assert_eq!(db.committed("fine").await, paid(2));
}

pub(crate) async fn waiting_keys_wait_after_a_restart_too<R: Rig>(rig: &R) {
    let hopeless = |db| {
        Book::new(db).failing(|event: &Deposited| {
            let hit = (&*event.account, event.version) == ("a", 1);
            hit.then(|| HandleError::DeadLetter("closed".to_owned()))
        })
    };
    publish(rig, &["a", "b"], 1..2).await;
    apply_all(rig, hopeless).await;
    publish(rig, &["a", "b"], 2..4).await;
    let db = apply_all(rig, Book::new).await;
    let waits: Vec<bool> = dead_lettered(&db).await.into_iter().map(|l| l.2).collect();
    assert_eq!(waits, [false, true, true], "what comes behind it waits");
    assert_eq!(db.committed("a").await, Account::default());
    assert_eq!(db.committed("b").await, paid(3));
}

/// Whatever another program puts there: the partition goes on.
pub(super) async fn a_message_without_a_usable_key_can_be_dead_lettered<R: Rig>(rig: &R) {
    rig.append_raw(None, &[], b"no key").await;
    rig.append_raw(Some(""), &[], b"an empty key").await;
    let large = vec![b'x'; outbox::message::MAX_PAYLOAD_BYTES + 10_000];
    rig.append_raw(Some("large"), &[], &large).await;
    publish(rig, &["a", "b", "c", "d"], 1..3).await;
    let db = apply_all(rig, Book::new).await;
    assert_eq!(dead_lettered(&db).await.len(), 3);
    for key in ["a", "b", "c", "d"] {
        assert_eq!(db.committed(key).await, paid(2), "of {key}");
    }
    let relaying = relay(&db, rig.publisher());
    let topic = DeadLetter::topic(Deposited::TOPIC, GROUP);
    eventually("their copies are published", || async {
        rig.records(&topic).await.len() == 3
    })
    .await;
    relaying.stop().await;
}

/// A record that unpacks to more than a document of MongoDB may have: parked by reference, and what
/// comes behind it goes on.
pub(super) async fn what_is_too_large_to_be_kept_is_dead_lettered_by_reference<R: Rig>(rig: &R) {
    let large = vec![b'x'; 17_000_000];
    rig.append_raw(Some("a"), &[("ce_type", "Deposited")], &large)
        .await;
    let key = "k".repeat(20_000);
    rig.append_raw(Some(&key), &[("ce_type", &key)], b"{}")
        .await;
    publish(rig, &["a", "b", "c", "d"], 1..3).await;
    let db = apply_all(rig, Book::new).await;
    let found = dead_lettered(&db).await;
    let keys: Vec<_> = found
        .iter()
        .map(|(key, _, waits)| (&**key, *waits))
        .collect();
    // A key that no outbox makes is none.
    assert!(keys.contains(&("a", false)), "{keys:?}");
    assert_eq!(keys.iter().filter(|key| **key == ("a", true)).count(), 2);
    for key in ["b", "c", "d"] {
        assert_eq!(db.committed(key).await, paid(2), "of {key}");
    }
    let relaying = relay(&db, rig.publisher());
    let topic = DeadLetter::topic(Deposited::TOPIC, GROUP);
    eventually("their copies are published", || async {
        rig.records(&topic).await.len() == found.len()
    })
    .await;
    relaying.stop().await;
    let copies = rig.records(&topic).await;
    let copy = copies.iter().find(|copy| copy.payload.is_empty());
    let place = copy.and_then(|copy| header(copy, "ce_causationid"));
    let lies = rig.deposits().await.into_iter();
    let lies = lies.max_by_key(|record| record.payload.len());
    let lies = lies.map(|record| format!("{GROUP}/{}/{}", record.at, record.offset));
    assert_eq!(place, lies.as_deref(), "the copy says where it lies");
}

/// Each fits alone; all together would be more than one transaction and one document take.
pub(super) async fn many_large_dead_letters_of_one_batch_fit<R: Rig>(rig: &R) {
    let large = vec![b'x'; 1_500_000];
    for number in 0..30 {
        let key = format!("large {number}");
        rig.append_raw(Some(&key), &[], &large).await;
    }
    publish(rig, &["a", "b", "c", "d"], 1..3).await;
    let db = apply_all(rig, Book::new).await;
    assert_eq!(dead_lettered(&db).await.len(), 30);
    for key in ["a", "b", "c", "d"] {
        assert_eq!(db.committed(key).await, paid(2), "of {key}");
    }
}

/// A record without a value is no event: nothing can be handled, so nothing has to wait for it.
pub(super) async fn a_record_without_a_value_is_passed_over<R: Rig>(rig: &R) {
    publish(rig, &["a"], 1..2).await;
    rig.append_tombstone("a", &[]).await;
    rig.append_tombstone("a", &[("ce_type", "Deposited")]).await;
    publish(rig, &["a", "b"], 2..4).await;
    let db = apply_all(rig, Book::new).await;
    assert_eq!(dead_lettered(&db).await, []);
    assert_eq!(db.committed("a").await, paid(3), "the key goes on");
}

/// What a handler makes of a record can't be saved: that is the record's fault alone.
pub(super) async fn what_follows_from_a_message_may_be_too_large_to_be_saved<R: Rig>(rig: &R) {
    publish(rig, &["a", "b"], 1..3).await;
    let db = apply_all(rig, |db| {
        Book::new(db).failing(|event| {
            let hit = (&*event.account, event.version) == ("b", 1);
            hit.then(|| HandleError::Retry(StoreError::permanent("it is too large")))
        })
    })
    .await;
    let found = dead_lettered(&db).await;
    let waits: Vec<_> = found
        .iter()
        .map(|(key, _, waits)| (&**key, *waits))
        .collect();
    assert_eq!(waits, [("b", false), ("b", true)]);
    assert!(found[0].1.contains("it is too large"), "{found:?}");
    assert_eq!(db.committed("a").await, paid(2));
}

/// A newer build's document, say: the message is not to blame, and a newer build handles it.
pub(super) async fn a_message_waits_while_what_is_stored_is_unreadable<R: Rig>(rig: &R) {
    let tries = Arc::new(AtomicUsize::new(0));
    publish(rig, &["a", "b"], 1..3).await;
    let db = apply_all(rig, |db| {
        let tries = Arc::clone(&tries);
        Book::new(db).failing(move |event| {
            let hit = (&*event.account, event.version) == ("b", 1);
            let unreadable = hit && tries.fetch_add(1, Ordering::Relaxed) < 4;
            unreadable.then(|| StoreError::unreadable("an unknown field").into())
        })
    })
    .await;
    assert_eq!(dead_lettered(&db).await, []);
    assert_eq!(db.committed("a").await, paid(2));
    assert_eq!(db.committed("b").await, paid(2));
}

pub(super) async fn a_dead_letter_is_published_with_its_headers<R: Rig>(rig: &R) {
    let mut message = deposit("a", 1);
    message.context.correlation_id = Some("request-7".to_owned());
    message.context.traceparent = Some(TRACE.to_owned());
    message.payload = b"{broken".to_vec();
    rig.publish(&[message.clone(), deposit("a", 2)]).await;
    let db = apply_all(rig, Book::new).await;
    let relaying = relay(&db, rig.publisher());
    let topic = DeadLetter::topic(Deposited::TOPIC, GROUP);
    assert_eq!(topic, "bank.deposit.v1.ledger.dlt");
    eventually("both are on the dead letters' topic", || async {
        rig.records(&topic).await.len() == 2
    })
    .await;
    relaying.stop().await;
    let original = &rig.deposits().await[0];
    let copies = rig.records(&topic).await;
    let copy = &copies[0];
    assert_eq!(
        (&copy.key, &copy.payload),
        (&original.key, &message.payload)
    );
    assert_eq!(copy.at.partition, original.at.partition);
    let kept = [
        "ce_id",
        "ce_type",
        "ce_subject",
        "ce_dataversion",
        "ce_aggregateversion",
        "ce_correlationid",
        "traceparent",
        "content-type",
    ];
    for name in kept {
        let found = header(copy, name);
        assert!(found.is_some(), "{name} is missing");
        assert_eq!(found, header(original, name), "{name}");
    }
    let place = format!("{GROUP}/{}/{}", original.at, original.offset);
    assert_eq!(header(copy, "ce_causationid"), Some(&*place));
    assert_eq!(header(&copies[1], "ce_aggregateversion"), Some("2"));
}
