//! A topic handled again.

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use outbox::checkpoint::ReplayCounts;
use outbox::kafka::TopicError;
use outbox::replay::{Replay, ReplayProgress, ReplayStart};
use outbox::source::Assigned;
use outbox::{Database as _, Event as _, HandleError, InboxStore as _, Record};
use testkit::eventually;

use super::applying::{is_at_the_end, publish};
use super::inbox;
use super::ledger::{Account, Book, Deposited, Ledger, paid};
use super::rig::{GROUP, Rig, assigned};

const TOPIC: &str = Deposited::TOPIC;
const KEYS: [&str; 3] = ["a", "b", "c"];

fn replays<D: Ledger>(db: &D) -> Replay<D> {
    Replay::new(db.clone(), GROUP, [TOPIC])
}

/// What a topic with `records` holds, for a plan.
fn ends(records: &[Record]) -> Ready<Result<Vec<Assigned>, TopicError>> {
    ready(Ok(assigned(records)))
}

/// Replays everything.
async fn from_zero<R: Rig>(rig: &R, replay: &Replay<R::Db>) {
    let ends = async { ends(&rig.deposits().await).await };
    let plan = replay.plan(TOPIC, ends, &ReplayStart::Earliest).await;
    let plan = plan.expect("everything is there");
    replay.begin(&plan).await.expect("the store answers");
}

async fn progress<D: Ledger>(replay: &Replay<D>) -> Vec<ReplayProgress> {
    replay.progress(TOPIC).await.expect("the store answers")
}

async fn is_finished<D: Ledger>(replay: &Replay<D>) -> bool {
    let progress = progress(replay).await;
    !progress.is_empty() && progress.iter().all(ReplayProgress::finished)
}

async fn finish<D: Ledger>(replay: &Replay<D>) -> ReplayCounts {
    eventually("the replay is finished", || is_finished(replay)).await;
    let mut counts = ReplayCounts::default();
    for part in progress(replay).await {
        counts += part.state.counts;
    }
    counts
}

async fn accounts<D: Ledger>(db: &D) -> Vec<Account> {
    let mut all = Vec::new();
    for key in KEYS {
        all.push(db.committed(key).await);
    }
    all
}

async fn published<D: Ledger>(db: &D) -> usize {
    let records = db.pending(1000, &[]).await.expect("the store answers");
    records.iter().map(|record| record.messages.len()).sum()
}

fn only_duplicates(duplicates: u64) -> ReplayCounts {
    ReplayCounts {
        duplicates,
        ..ReplayCounts::default()
    }
}

pub(super) async fn everything_again_changes_nothing_and_is_counted<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &KEYS, 1..41).await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()).guarded());
    let records = rig.deposits().await;
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    let before = (accounts(&db).await, published(&db).await);
    assert_eq!(before.0, [paid(40), paid(40), paid(40)]);

    let replay = replays(&db);
    assert_eq!(progress(&replay).await, []);
    // Nothing comes, so the inbox has to notice by itself.
    from_zero(rig, &replay).await;
    assert_eq!(finish(&replay).await, only_duplicates(120));
    assert_eq!((accounts(&db).await, published(&db).await), before);

    // What comes after it is no part of it.
    publish(rig, &KEYS, 41..51).await;
    let records = rig.deposits().await;
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    assert_eq!(accounts(&db).await, [paid(50), paid(50), paid(50)]);
    assert_eq!(finish(&replay).await, only_duplicates(120));

    // A part of it: the second half of one partition.
    let part = assigned(&records).remove(0);
    let (partition, middle) = (part.at.partition, part.high / 2);
    let start = ReplayStart::Offsets([(partition, middle)].into());
    let plan = replay.plan(TOPIC, ends(&records), &start).await;
    let plan = plan.expect("it fits");
    assert_eq!(plan.steps.len(), 1);
    assert_eq!((plan.steps[0].from, plan.steps[0].to), (middle, part.high));
    replay.begin(&plan).await.expect("the store answers");
    eventually("it is finished", || is_finished(&replay)).await;
    let all = progress(&replay).await;
    let ours = all.iter().find(|part| part.at.partition == partition);
    let state = ours.expect("it is shown").state;
    assert_eq!((state.from, state.to), (middle, part.high));
    let expected = (part.high - middle).unsigned_abs();
    assert_eq!(state.counts, only_duplicates(expected));
    consuming.stop().await.expect("the checkpoints fit");
    assert_eq!(accounts(&db).await, [paid(50), paid(50), paid(50)]);
}

pub(super) async fn a_replay_before_the_start_begins_with_it<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &KEYS, 1..11).await;
    let consume = || inbox(&db, rig.source(GROUP), Book::new(db.clone()).guarded());
    let consuming = consume();
    let records = rig.deposits().await;
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    consuming.stop().await.expect("the checkpoints fit");
    let replay = replays(&db);
    from_zero(rig, &replay).await;
    // Asked for again before it has begun: the end stays the same.
    from_zero(rig, &replay).await;
    assert!(!is_finished(&replay).await, "nobody is at work");
    let left: i64 = progress(&replay)
        .await
        .iter()
        .map(ReplayProgress::left)
        .sum();
    assert_eq!(left, 30);
    let consuming = consume();
    assert_eq!(finish(&replay).await, only_duplicates(30));
    consuming.stop().await.expect("the checkpoints fit");
    assert_eq!(accounts(&db).await, [paid(10), paid(10), paid(10)]);
}

pub(super) async fn what_was_lost_is_made_up_for_and_counted<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &KEYS, 1..21).await;
    let headers = [("ce_type", "Withdrawn"), ("ce_dataversion", "1")];
    rig.append_raw(Some("a"), &headers, b"whatever").await;
    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()).guarded());
    let records = rig.deposits().await;
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    // A snapshot may be older than what was seen last: then it conflicts, and is taken again.
    eventually("the account is set back", || async {
        let mut tx = db.begin().await.expect("it answers");
        db.save(&mut tx, "a", &paid(5)).await.is_ok() && db.commit(tx).await.is_ok()
    })
    .await;
    let replay = replays(&db);
    from_zero(rig, &replay).await;
    let expected = ReplayCounts {
        applied: 15,
        duplicates: 45,
        dead_lettered: 0,
        passed_over: 1,
    };
    assert_eq!(finish(&replay).await, expected);
    consuming.stop().await.expect("the checkpoints fit");
    assert_eq!(accounts(&db).await, [paid(20), paid(20), paid(20)]);
}

pub(super) async fn dead_letters_stay_as_they_are<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &KEYS, 1..7).await;
    let handler = Book::new(db.clone()).guarded().failing(|event| {
        let hit = (&*event.account, event.version) == ("b", 4);
        hit.then(|| HandleError::DeadLetter("no such bank".to_owned()))
    });
    let consuming = inbox(&db, rig.source(GROUP), handler);
    let records = rig.deposits().await;
    eventually("all is applied or dead-lettered", || {
        is_at_the_end(&db, &records)
    })
    .await;
    let before = (
        accounts(&db).await,
        db.dead_letters().await,
        published(&db).await,
    );
    assert_eq!(before.1.len(), 3);
    let replay = replays(&db);
    from_zero(rig, &replay).await;
    let expected = ReplayCounts {
        applied: 0,
        duplicates: 15,
        dead_lettered: 3,
        passed_over: 0,
    };
    assert_eq!(finish(&replay).await, expected);
    let after = (
        accounts(&db).await,
        db.dead_letters().await,
        published(&db).await,
    );
    assert_eq!(
        after, before,
        "no message is dead-lettered or published again"
    );
    consuming.stop().await.expect("the checkpoints fit");
}

pub(super) async fn replays_amid_traffic_are_counted_exactly<R: Rig>(rig: &R) {
    let (db, other) = (rig.database().await, rig.database().await);
    let one = inbox(&db, rig.source(GROUP), Book::new(db.clone()).guarded());
    let two = inbox(
        &other,
        rig.source(GROUP),
        Book::new(other.clone()).guarded(),
    );
    publish(rig, &KEYS, 1..41).await;
    let records = rig.deposits().await;
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    let replay = replays(&db);
    let traffic = async {
        for round in 1..7 {
            publish(rig, &KEYS, round * 40 + 1..round * 40 + 41).await;
        }
    };
    let replaying = async {
        for _ in 0..3 {
            from_zero(rig, &replay).await;
            eventually("the replay is finished", || is_finished(&replay)).await;
            for part in progress(&replay).await {
                let (state, counts) = (part.state, part.state.counts);
                let expected = only_duplicates((state.to - state.from).unsigned_abs());
                assert_eq!((counts, state.from), (expected, 0), "{part:?}");
            }
        }
    };
    tokio::join!(traffic, replaying);
    let records = rig.deposits().await;
    assert_eq!(records.len(), 840);
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    one.stop().await.expect("the checkpoints fit");
    two.stop().await.expect("the checkpoints fit");
    assert_eq!(accounts(&db).await, [paid(280), paid(280), paid(280)]);
}

pub(super) async fn an_unfit_replay_is_refused_and_changes_nothing<R: Rig>(rig: &R) {
    let db = rig.database().await;
    publish(rig, &KEYS, 1..11).await;
    let records = rig.deposits().await;
    let there = assigned(&records);
    let (at, high) = (there[0].at.clone(), there[0].high);
    let replay = replays(&db);
    let offset = |partition, from| ReplayStart::Offsets([(partition, from)].into());
    let refused = async |topic: &str, start: &ReplayStart| {
        let refusal = replay.plan(topic, ends(&records), start).await;
        refusal.expect_err("it does not fit").to_string()
    };
    let text = refused(TOPIC, &offset(at.partition, 0)).await;
    assert!(text.contains(&format!("{at} was never read")), "{text}");
    let asked = ends(&records);
    let idle = replay.plan(TOPIC, asked, &ReplayStart::Earliest).await;
    assert_eq!(idle.expect("it begins there anyway").steps, []);

    let consuming = inbox(&db, rig.source(GROUP), Book::new(db.clone()).guarded());
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    consuming.stop().await.expect("the checkpoints fit");
    let before = db.checkpoints(GROUP).await.expect("it answers");
    let text = refused("shop.price.v1", &ReplayStart::Earliest).await;
    let expected = format!("{GROUP} does not subscribe to shop.price.v1; it subscribes to {TOPIC}");
    assert_eq!(text, expected);
    let text = refused(TOPIC, &offset(77, 0)).await;
    assert!(
        text.contains(&format!("{TOPIC}/77 does not exist")),
        "{text}"
    );
    for offset_asked in [-1, high + 1] {
        let text = refused(TOPIC, &offset(at.partition, offset_asked)).await;
        let expected = format!("{at} holds the offsets 0 to {high}; {offset_asked} is not there");
        assert_eq!(text, expected);
    }
    // The topic has grown by one that was never handled.
    let mut grown = there;
    grown[0].high += 1;
    let grown = || ready(Ok(grown.clone()));
    let start = offset(at.partition, high + 1);
    let refusal = replay.plan(TOPIC, grown(), &start).await;
    let text = refusal.expect_err("it would skip one").to_string();
    assert!(text.contains("would skip 1 record"), "{text}");
    let times: BTreeMap<i32, i64> = [(at.partition, high + 1)].into();
    let later = replay
        .plan(TOPIC, grown(), &ReplayStart::Since(times))
        .await;
    assert_eq!(later.expect("nothing is that late").steps, []);
    let after = db.checkpoints(GROUP).await.expect("it answers");
    assert_eq!(after, before);
}
