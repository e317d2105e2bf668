//! A group's members share the partitions.

use testkit::eventually;

use super::applying::{is_at_the_end, publish};
use super::inbox;
use super::ledger::{Book, Ledger as _, paid};
use super::rig::{GROUP, Rig};

const KEYS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

pub(super) async fn members_come_and_go_and_each_record_is_applied_once<R: Rig>(rig: &R) {
    let (db, other) = (rig.database().await, rig.database().await);
    let first = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    publish(rig, &KEYS, 1..101).await;
    let second = inbox(&other, rig.source(GROUP), Book::new(other.clone()));
    publish(rig, &KEYS, 101..201).await;
    let records = rig.deposits().await;
    eventually("two apply all", || is_at_the_end(&db, &records)).await;
    publish(rig, &KEYS, 201..301).await;
    first.stop().await.expect("the checkpoints fit");
    publish(rig, &KEYS, 301..401).await;
    let records = rig.deposits().await;
    eventually("the one that stayed does", || is_at_the_end(&db, &records)).await;
    let third = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    publish(rig, &KEYS, 401..501).await;
    let records = rig.deposits().await;
    assert_eq!(records.len(), 4000);
    eventually("two again", || is_at_the_end(&db, &records)).await;
    second.stop().await.expect("the checkpoints fit");
    third.stop().await.expect("the checkpoints fit");
    for key in KEYS {
        assert_eq!(db.committed(key).await, paid(500), "of {key}");
    }
}
