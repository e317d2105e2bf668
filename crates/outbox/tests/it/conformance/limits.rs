//! What does not fit is refused, with a sentence that says so.

use outbox::inbox::InboxError;
use outbox::message::MAX_PAYLOAD_BYTES;
use outbox::source::Assigned;
use outbox::{
    Advance, Claim, Clock as _, Database as _, ErrorKind, EventCollector, InboxStore as _,
    InvalidMessage, MessageContext, OutboxRecord, OutboxStore as _, SystemClock, TopicPartition,
};
use testkit::eventually;
use uuid::Uuid;

use super::applying::publish;
use super::ledger::{Account, Book, Deposited, Ledger, deposit, paid};
use super::rig::{GROUP, Rig, header};
use super::{inbox, relay};

/// Puts the checkpoint of the first record's partition at `next` of the topic with this id.
async fn misplace<R: Rig>(
    rig: &R,
    db: &R::Db,
    next: i64,
    topic_id: Option<Uuid>,
) -> TopicPartition {
    let at = rig.deposits().await[0].at.clone();
    let assigned = Assigned {
        at: at.clone(),
        low: 0,
        high: 0,
        topic_id,
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

/// The checkpoint of `at`.
async fn stands<D: Ledger>(db: &D, at: &TopicPartition) -> Option<Claim> {
    let all = db.checkpoints(GROUP).await.expect("it answers");
    all.into_iter().find(|claim| claim.at == *at)
}

pub(super) async fn a_checkpoint_behind_the_end_stops_the_inbox<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a"], 1..4).await;
    let at = misplace(rig, &db, 41, None).await;
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
    let stands = stands(&db, &at).await.expect("it is there");
    let what = "a topic that it does not fit need not be the one that it has read";
    assert_eq!((stands.next, stands.topic_id), (41, None), "{what}");
}

pub(super) async fn a_checkpoint_before_the_beginning_stops_the_inbox<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a"], 1..4).await;
    let at = misplace(rig, &db, -5, None).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    let fault = consuming.end().await.expect_err("it can't go on");
    let text = fault.to_string();
    let expected = format!("at offset -5 of {at}, but the topic begins at 0: 5 records are gone");
    assert!(text.contains(&expected), "{text}");
    assert_eq!(db.committed("a").await, Account::default());
    let stands = stands(&db, &at).await.expect("it is there");
    assert_eq!((stands.next, stands.topic_id), (-5, None));
}

/// A topic that was deleted and made anew has come beyond the checkpoint already.
pub(super) async fn a_checkpoint_of_another_topic_stops_the_inbox<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a"], 1..6).await;
    let another = Uuid::from_u128(7);
    let at = misplace(rig, &db, 3, Some(another)).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    let fault = consuming.end().await.expect_err("it can't go on");
    let InboxError::AnotherTopic { next, read, .. } = &fault else {
        panic!("{fault}");
    };
    assert_eq!((*next, *read), (3, another));
    let text = fault.to_string();
    assert!(
        text.contains(&format!("at offset 3 of {at}, but")),
        "{text}"
    );
    assert_eq!(db.committed("a").await, Account::default());
    let stands = stands(&db, &at).await;
    assert_eq!(stands.map(|claim| claim.topic_id), Some(Some(another)));
}

/// As a build before ids has left it.
pub(super) async fn a_checkpoint_without_its_topics_id_takes_it<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &["a"], 1..4).await;
    let at = misplace(rig, &db, 1, None).await;
    let stands = async || stands(&db, &at).await;
    let before = stands().await.expect("it is there");
    assert_eq!((before.next, before.topic_id), (1, None));
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    eventually("the rest is applied", async || {
        stands().await.is_some_and(|claim| claim.next == 3)
    })
    .await;
    consuming.stop().await.expect("the checkpoint fits");
    let id = stands().await.and_then(|claim| claim.topic_id);
    assert!(id.is_some(), "the next start has it to compare");
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    publish(rig, &["a"], 4..5).await;
    eventually("it goes on", async || {
        stands().await.is_some_and(|claim| claim.next == 4)
    })
    .await;
    consuming.stop().await.expect("the checkpoint fits");
    assert_eq!(stands().await.and_then(|claim| claim.topic_id), id);
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

/// Anyone may write to a topic, and what follows from a record carries its context on.
pub(super) async fn what_a_record_says_of_its_context_is_bounded<R: Rig>(rig: &R) {
    let long = "x".repeat(30_000);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let endless = format!("{trace}-{long}");
    let good = deposit("a", 1);
    let version = good.version.to_string();
    let (id, time) = (good.id.to_string(), good.time.to_string());
    let required = [
        ("ce_id", &*id),
        ("ce_time", &time),
        ("ce_type", &good.event_type),
        ("ce_dataversion", &version),
    ];
    for (correlation, context) in [(&*long, &*endless), ("request-7", trace)] {
        let mut headers = required.to_vec();
        headers.extend([
            ("ce_correlationid", correlation),
            ("ce_causationid", &long),
            ("traceparent", context),
        ]);
        rig.append_raw(Some("a"), &headers, &good.payload).await;
    }
    let db = rig.database().await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()));
    let relaying = relay(&db, rig.publisher());
    eventually("what follows is published", || async {
        rig.bookings().await.len() == 2
    })
    .await;
    consuming.stop().await.expect("the checkpoints fit");
    relaying.stop().await;
    assert!(db.dead_letters().await.is_empty());
    let bookings = rig.bookings().await;
    let found = |name: &'static str| bookings.iter().map(move |record| header(record, name));
    let correlations: Vec<_> = found("ce_correlationid").collect();
    assert_eq!(correlations, [None, Some("request-7")]);
    let traces: Vec<_> = found("traceparent").collect();
    assert_eq!(traces, [None, Some(trace)]);
    assert!(found("ce_causationid").all(|cause| cause == Some(&*id)));
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
