//! From the outbox to the topic.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outbox::{
    Clock as _, Database as _, ErrorKind, Message, OutboxRecord, OutboxStore as _, PublishError,
    Publisher, SystemClock, Work as _, transact,
};
use testkit::eventually;
use tokio::sync::Semaphore;

use super::ledger::{Account, Deposit, Ledger, deposit};
use super::relay;
use super::rig::{Rig, header, versions};

/// Pays in, however often it takes.
async fn pay<D: Ledger>(db: &D, account: &str) -> u64 {
    let amount = 1;
    loop {
        let mut work = Deposit {
            db,
            account,
            amount,
        };
        match transact(db, &mut work).await {
            Ok(version) => return version,
            Err(fault) => assert_eq!(fault.kind(), ErrorKind::Conflict, "{fault}"),
        }
    }
}

async fn append<D: Ledger>(db: &D, record: &OutboxRecord) {
    let mut tx = db.begin().await.expect("the store answers");
    db.append(&mut tx, record)
        .await
        .expect("the record is valid");
    db.commit(tx).await.expect("nobody else writes");
}

fn record(account: &str, version: u64) -> OutboxRecord {
    OutboxRecord {
        id: SystemClock.uuid(),
        written_at: SystemClock.now(),
        messages: vec![deposit(account, version)],
    }
}

pub(crate) async fn is_empty<D: Ledger>(db: &D) -> bool {
    let backlog = db.backlog().await;
    backlog.expect("the store answers").records == 0
}

pub(super) async fn a_committed_record_is_published_then_deleted<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let relaying = relay(&db, rig.publisher());
    assert_eq!(pay(&db, "a").await, 1);
    eventually("the outbox is empty", || is_empty(&db)).await;
    let records = rig.deposits().await;
    assert_eq!(versions(&records, "a"), [1]);
    assert_eq!(header(&records[0], "ce_type"), Some("Deposited"));
    assert_eq!(db.committed("a").await.balance, 1);
    let backlog = db.backlog().await.expect("the store answers");
    assert_eq!((backlog.records, backlog.oldest), (0, None));
    relaying.stop().await;
    assert_eq!(rig.deposits().await, records, "nothing is published again");
}

pub(super) async fn an_aborted_transaction_publishes_nothing<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let relaying = relay(&db, rig.publisher());
    let mut work = Deposit {
        db: &db,
        account: "a",
        amount: 1,
    };
    let mut tx = db.begin().await.expect("the store answers");
    work.run(&mut tx).await.expect("the deposit is written");
    db.abort(tx).await;
    // What is committed after it is published: the aborted one had its chance.
    pay(&db, "b").await;
    eventually("b's deposit is there", || async {
        versions(&rig.deposits().await, "b") == [1]
    })
    .await;
    assert_eq!(rig.deposits().await.len(), 1);
    assert_eq!(db.committed("a").await, Account::default());
    relaying.stop().await;
}

pub(super) async fn versions_of_one_key_leave_in_order_from_many_writers<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let relaying = relay(&db, rig.publisher());
    let mut writers = Vec::new();
    for _ in 0..8 {
        // Each an instance of its own.
        let db = rig.database().await;
        writers.push(tokio::spawn(async move {
            for _ in 0..25 {
                pay(&db, "hot").await;
            }
        }));
    }
    for writer in writers {
        writer.await.expect("the writer ends");
    }
    eventually("the outbox is empty", || is_empty(&db)).await;
    relaying.stop().await;
    let expected: Vec<u64> = (1..=200).collect();
    assert_eq!(versions(&rig.deposits().await, "hot"), expected);
}

/// The mistake of paging by id: an id drawn early and committed late.
pub(crate) async fn a_record_that_appears_behind_published_ones_is_not_lost<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let relaying = relay(&db, rig.publisher());
    let early = record("early", 1);
    let late = record("late", 1);
    assert!(early.id < late.id);
    append(&db, &late).await;
    eventually("the later id is published and deleted", || async {
        rig.deposits().await.len() == 1 && is_empty(&db).await
    })
    .await;
    append(&db, &early).await;
    append(&db, &record("last", 1)).await;
    eventually("what was written last is published", || async {
        versions(&rig.deposits().await, "last") == [1]
    })
    .await;
    relaying.stop().await;
    let early = versions(&rig.deposits().await, "early");
    assert_eq!(early, [1], "the earlier id is published too");
}

/// Takes half of the messages, then fails, as often as it is told to.
struct Failing<P> {
    inner: P,
    left: Arc<AtomicUsize>,
}

impl<P: Publisher> Publisher for Failing<P> {
    async fn publish(&self, messages: &[Message]) -> Result<(), PublishError> {
        let counted = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if counted.is_err() {
            return self.inner.publish(messages).await;
        }
        let half = messages.len().div_ceil(2);
        self.inner.publish(&messages[..half]).await?;
        Err(PublishError {
            topic: messages[0].topic.clone(),
            reason: "this is a test".to_owned(),
        })
    }
}

pub(crate) async fn a_failing_broker_loses_and_reorders_nothing<R: Rig>(rig: &R) {
    let db = rig.database().await;
    for _ in 0..10 {
        pay(&db, "a").await;
        pay(&db, "b").await;
    }
    let left = Arc::new(AtomicUsize::new(3));
    let failing = Failing {
        inner: rig.publisher(),
        left: Arc::clone(&left),
    };
    let relaying = relay(&db, failing);
    eventually("the outbox is empty", || is_empty(&db)).await;
    relaying.stop().await;
    let records = rig.deposits().await;
    let expected: Vec<u64> = (1..=10).collect();
    for key in ["a", "b"] {
        let mut first_seen: Vec<u64> = Vec::new();
        for version in versions(&records, key) {
            if !first_seen.contains(&version) {
                first_seen.push(version);
            }
        }
        assert_eq!(first_seen, expected, "all, in order, of {key}");
    }
    assert_eq!(left.load(Ordering::SeqCst), 0);
    assert!(records.len() > 20, "some were published again");
    let mut ids: Vec<&str> = records
        .iter()
        .filter_map(|record| header(record, "ce_id"))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20, "published again under the same ids");
}

/// Holds the first call until it is let go.
struct Held<P> {
    inner: P,
    entered: Arc<Semaphore>,
    gate: Arc<Semaphore>,
}

impl<P: Publisher> Publisher for Held<P> {
    async fn publish(&self, messages: &[Message]) -> Result<(), PublishError> {
        self.entered.add_permits(1);
        drop(self.gate.acquire().await.expect("the gate is not closed"));
        self.inner.publish(messages).await
    }
}

/// A service that stops has often just written something.
pub(super) async fn what_is_written_before_the_end_is_published<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let (entered, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let held = Held {
        inner: rig.publisher(),
        entered: Arc::clone(&entered),
        gate: Arc::clone(&gate),
    };
    let relaying = relay(&db, held);
    pay(&db, "a").await;
    drop(entered.acquire().await.expect("it is not closed"));
    pay(&db, "a").await;
    relaying.cancel();
    gate.add_permits(1);
    relaying.stop().await;
    assert_eq!(versions(&rig.deposits().await, "a"), [1, 2]);
    assert!(is_empty(&db).await, "what is published is deleted");
}
