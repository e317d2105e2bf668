//! What does not fit is refused, with a sentence that says so.

use outbox::inbox::InboxError;
use outbox::message::MAX_PAYLOAD_BYTES;
use outbox::source::Assigned;
use outbox::{
    Advance, Clock as _, Database as _, ErrorKind, EventCollector, InboxStore as _, InvalidMessage,
    MessageContext, OutboxRecord, OutboxStore as _, SystemClock, TopicPartition,
};
use testkit::eventually;

use super::applying::publish;
use super::ledger::{Account, Book, Deposited, Ledger, deposit, paid};
use super::rig::{GROUP, Rig};
use super::{inbox, relay};

/// Puts the checkpoint of the first record's partition at `next`.
async fn misplace<R: Rig>(rig: &R, db: &R::Db, next: i64) -> TopicPartition {
    let at = rig.deposits().await[0].at.clone();
    let assigned = Assigned {
        at: at.clone(),
        low: 0,
        high: 0,
    };
    let claim = db.claim(GROUP, &[assigned]).await.expect("it answers");
    let step = Advance {
        at: at.clone(),
        epoch: claim[0].epoch,
        from: claim[0].next,
        to: next,
    };
    let mut tx = db.begin().await.expect("it answers");
    let advanced = db.advance(&mut tx, GROUP, &[step]).await;
    advanced.expect("it stands there");
    db.commit(tx).await.expect("nobody else writes");
    at
}

pub(super) async fn a_checkpoint_behind_the_end_stops_the_inbox<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a"], 1..4).await;
    let at = misplace(rig, &db, 41).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    let fault = consuming.end().await.expect_err("it can't go on");
    let InboxError::Ahead { next, high, .. } = &fault else {
        panic!("{fault}");
    };
    assert_eq!((*next, *high), (41, 3));
    let text = fault.to_string();
    let expected = format!("at offset 41 of {at}, but the topic ends at 3");
    assert!(text.contains(&expected), "{text}");
    assert_eq!(db.committed("a").await, Account::default());
}

pub(super) async fn a_checkpoint_before_the_beginning_stops_the_inbox<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a"], 1..4).await;
    let at = misplace(rig, &db, -5).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    let fault = consuming.end().await.expect_err("it can't go on");
    let text = fault.to_string();
    let expected = format!("at offset -5 of {at}, but the topic begins at 0: 5 records are gone");
    assert!(text.contains(&expected), "{text}");
    assert_eq!(db.committed("a").await, Account::default());
}

/// A deposit whose JSON has `bytes` bytes.
fn sized(bytes: usize) -> Deposited {
    let mut event = Deposited {
        account: String::new(),
        amount: 1,
        version: 1,
    };
    let frame = serde_json::to_vec(&event).map_or(0, |json| json.len());
    event.account = "a".repeat(bytes - frame);
    event
}

pub(super) async fn what_is_too_large_is_refused_when_written<R: Rig>(rig: &R) {
    let event = sized(MAX_PAYLOAD_BYTES + 1);
    let mut out = EventCollector::new("bank", &SystemClock);
    let refused = out.push(&event, MessageContext::default());
    let size = MAX_PAYLOAD_BYTES + 1;
    assert_eq!(refused, Err(InvalidMessage::TooLarge { size }));
    let endless = MessageContext {
        correlation_id: Some("x".repeat(100_000)),
        ..MessageContext::default()
    };
    let refused = out.push(&sized(100), endless);
    assert!(refused.is_err(), "headers count too");
    assert!(out.is_empty());

    let db = rig.database().await;
    let mut message = deposit("a", 1);
    message.payload = vec![b'x'; size];
    let record = OutboxRecord {
        id: SystemClock.uuid(),
        written_at: SystemClock.now(),
        messages: vec![deposit("a", 1), message],
    };
    let mut tx = db.begin().await.expect("it answers");
    db.save(&mut tx, "a", &paid(1)).await.expect("it answers");
    let fault = db.append(&mut tx, &record).await.expect_err("too large");
    assert_eq!(fault.kind(), ErrorKind::Permanent);
    assert!(fault.to_string().contains("1000001 bytes"), "{fault}");
    db.abort(tx).await;
    assert_eq!(db.committed("a").await, Account::default());
    assert_eq!(db.pending(9, &[]).await.expect("it answers"), []);
}

/// What the outbox takes, the broker takes.
pub(super) async fn the_largest_message_arrives<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let mut message = deposit("a", 1);
    // As little can be pressed out of it as of noise.
    let mut noise = 0x9e37_79b9_u32;
    message.payload = std::iter::repeat_with(|| {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        noise.to_le_bytes()[0]
    })
    .take(MAX_PAYLOAD_BYTES)
    .collect();
    message.context.correlation_id = Some("x".repeat(10_000));
    let record = OutboxRecord {
        id: SystemClock.uuid(),
        written_at: SystemClock.now(),
        messages: vec![message],
    };
    let mut tx = db.begin().await.expect("it answers");
    db.append(&mut tx, &record).await.expect("it is just right");
    db.commit(tx).await.expect("nobody else writes");
    let relaying = relay(&db, rig.publisher());
    eventually("it arrives", || async { rig.deposits().await.len() == 1 }).await;
    relaying.stop().await;
    assert_eq!(rig.deposits().await[0].payload.len(), MAX_PAYLOAD_BYTES);
}
