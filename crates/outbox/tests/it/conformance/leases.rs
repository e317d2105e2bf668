//! Who publishes a shard.

use std::time::{Duration, Instant};

use outbox::{Message, OutboxStore as _, PublishError, Publisher, transact};
use testkit::eventually;
use uuid::Uuid;

use super::ledger::Deposit;
use super::relay;
use super::rig::{Rig, versions};

const LONG: Duration = Duration::from_mins(10);

pub(crate) async fn a_lease_is_held_by_one<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let lease = async |holder| db.lease("s", holder, LONG).await.expect("it answers");
    let first = lease(one).await.expect("it is free");
    assert_eq!(lease(other).await, None, "it is held");
    assert_eq!(lease(one).await, Some(first.clone()), "renewed, not raised");
    db.release("s", other).await.expect("it answers");
    assert_eq!(lease(other).await, None, "only its holder frees it");
    db.release("s", one).await.expect("it answers");
    let second = lease(other).await.expect("it was given back");
    assert_eq!(second.epoch, first.epoch + 1);
    let elsewhere = db.lease("t", one, LONG).await.expect("it answers");
    assert_eq!(elsewhere.expect("another shard's is free").epoch, 1);
}

pub(super) async fn an_expired_lease_is_taken_over<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let ttl = Duration::from_millis(300);
    let asked = Instant::now();
    let first = db.lease("s", one, ttl).await.expect("it answers");
    let first = first.expect("it is free");
    let mut second = None;
    while second.is_none() {
        assert!(asked.elapsed() < Duration::from_secs(30), "it never ends");
        second = db.lease("s", other, LONG).await.expect("it answers");
    }
    assert!(
        asked.elapsed() + Duration::from_millis(5) >= ttl,
        "taken before its end"
    );
    assert_eq!(second.map(|lease| lease.epoch), Some(first.epoch + 1));
    let back = db.lease("s", one, ttl).await.expect("it answers");
    assert_eq!(back, None, "the late one has lost it");
}

pub(crate) async fn a_second_relay_takes_over_when_the_first_stops<R: Rig>(rig: &R) {
    let (db, other) = (rig.database().await, rig.database().await);
    let pay = async || {
        let mut work = Deposit {
            db: &db,
            account: "a",
            amount: 1,
        };
        transact(&db, &mut work).await.expect("nobody else writes")
    };
    let published = async |count: u64| {
        eventually("it is published", || async {
            versions(&rig.deposits().await, "a").last() == Some(&count)
        })
        .await;
    };
    let first = relay(&db, rig.publisher());
    pay().await;
    published(1).await;
    let second = relay(&other, rig.publisher());
    pay().await;
    published(2).await;
    first.stop().await;
    pay().await;
    published(3).await;
    let stranger = Uuid::now_v7();
    let held = db.lease("shard", stranger, LONG).await.expect("it answers");
    assert_eq!(held, None, "the second one has it");
    second.stop().await;
    let freed = db.lease("shard", stranger, LONG).await.expect("it answers");
    assert_eq!(
        freed.map(|lease| lease.epoch),
        Some(3),
        "two held it before"
    );
    assert_eq!(versions(&rig.deposits().await, "a"), [1, 2, 3]);
}

/// A broker that does not answer.
struct Away;

impl Publisher for Away {
    async fn publish(&self, _messages: &[Message]) -> Result<(), PublishError> {
        std::future::pending().await
    }
}

pub(super) async fn a_relay_whose_broker_is_away_keeps_its_lease_and_can_stop<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let mut work = Deposit {
        db: &db,
        account: "a",
        amount: 1,
    };
    transact(&db, &mut work).await.expect("nobody else writes");
    let relaying = relay(&db, Away);
    let stranger = Uuid::now_v7();
    // A shard of its own shows when time has passed for the database too.
    let probe = Duration::from_millis(3500);
    let lease = async |shard, holder, ttl| db.lease(shard, holder, ttl).await.expect("it answers");
    eventually("the relay has the lease", || async {
        let short = Duration::from_millis(1);
        lease("shard", stranger, short).await.is_none()
    })
    .await;
    lease("probe", Uuid::now_v7(), probe).await;
    while lease("probe", stranger, probe).await.is_none() {
        let taken = lease("shard", stranger, LONG).await;
        assert_eq!(taken, None, "more than twice its time has passed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    relaying.stop().await;
    let freed = lease("shard", stranger, LONG).await;
    assert!(freed.is_some(), "it was given back");
    let kept = db.pending(9, &[]).await.expect("it answers");
    assert_eq!(kept.len(), 1, "the outbox keeps it");
}
