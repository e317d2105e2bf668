//! A dead letter and those that wait behind it.

use outbox::dead_letter::Outcome;
use outbox::{DeadLetterStore, Publisher as _};
use testkit::eventually;

use super::applying::{applied, publish};
use super::dead_letter_admin::{Hopeless, admin, all, consumed, version};
use super::ledger::{Ledger as _, deposit, paid};
use super::rig::{GROUP, Rig};
use super::running::inbox;

pub(super) async fn a_line_stops_at_the_next_that_fails<R: Rig<Db: DeadLetterStore>>(rig: &R) {
    let hopeless = Hopeless::new([("a", 2), ("a", 4)]);
    publish(rig, &["a"], 1..7).await;
    let (db, consuming) = consumed(rig, &hopeless).await;
    let admin = hopeless.admin(rig, &db);
    hopeless.mend("a", 2);
    let done = admin.retry("a", "ada", "").await.expect("it is mended");
    assert_eq!(
        (&done.outcome, done.applied, done.left),
        (&Outcome::Applied, 2, 3)
    );
    assert_eq!(db.committed("a").await, paid(3));
    let next = all(&admin).await.remove(0);
    assert_eq!((version(&next.dead_letter), next.waiting), (4, 2));
    assert_eq!(
        (next.dead_letter.waits, next.dead_letter.attempts),
        (false, 1)
    );
    let stopped = (next.dead_letter.id(), "no bank 1".to_owned());
    assert_eq!(done.stopped_at, Some(stopped));
    // Those that come meanwhile wait behind it.
    publish(rig, &["a"], 7..8).await;
    applied(rig, &db).await;
    hopeless.mend("a", 4);
    let done = admin.retry("a", "ada", "").await.expect("it is mended");
    assert_eq!((done.applied, done.left), (4, 0));
    consuming.stop().await.expect("the checkpoints fit");
    assert_eq!(db.committed("a").await, paid(7));
}

pub(super) async fn a_long_line_is_handled_in_parts<R: Rig<Db: DeadLetterStore>>(rig: &R) {
    let hopeless = Hopeless::new([("a", 1)]);
    publish(rig, &["a"], 1..252).await;
    let (db, consuming) = consumed(rig, &hopeless).await;
    consuming.stop().await.expect("the checkpoints fit");
    hopeless.mend("a", 1);
    let admin = hopeless.admin(rig, &db);
    let shown = all(&admin).await.remove(0);
    let shown = admin
        .show(&shown.dead_letter.id())
        .await
        .expect("it is there");
    assert_eq!((shown.behind.len(), shown.waiting), (100, 250));
    let done = admin.retry("a", "ada", "").await.expect("it is mended");
    assert_eq!((done.applied, done.left), (251, 0));
    assert_eq!(db.committed("a").await, paid(251));
    let actions = admin.actions(10).await.expect("it answers");
    let outcomes: Vec<&str> = actions.iter().rev().map(|a| &*a.outcome).collect();
    let expected = [
        "applied; 99 behind it applied; 151 more to follow",
        "100 more behind it applied; 51 more to follow",
        "51 more behind it applied",
    ];
    assert_eq!(outcomes, expected, "one for each transaction");
}

/// What follows from all of them together is more than one transaction takes.
pub(super) async fn a_line_from_which_too_much_follows_is_handled_in_halves<
    R: Rig<Db: DeadLetterStore>,
>(
    rig: &R,
) {
    let hopeless = Hopeless::new([("a", 1)]);
    publish(rig, &["a"], 1..21).await;
    let (db, consuming) = consumed(rig, &hopeless).await;
    consuming.stop().await.expect("the checkpoints fit");
    hopeless.mend("a", 1);
    let admin = admin(rig, &db, hopeless.book(&db).stating(900_000));
    let done = admin.retry("a", "ada", "").await.expect("it is mended");
    assert_eq!((done.applied, done.left), (20, 0));
    assert_eq!(db.committed("a").await, paid(20));
    let actions = admin.actions(10).await.expect("it answers");
    let outcomes: Vec<&str> = actions.iter().rev().map(|a| &*a.outcome).collect();
    let expected = [
        "applied; 9 behind it applied; 10 more to follow",
        "10 more behind it applied",
    ];
    assert_eq!(outcomes, expected, "one for each transaction");
}

pub(super) async fn a_retry_beside_a_busy_inbox_keeps_the_order<R: Rig<Db: DeadLetterStore>>(
    rig: &R,
) {
    let db = rig.database().await;
    let hopeless = Hopeless::new([("a", 1)]);
    let consuming = inbox(&db, rig.source(GROUP), hopeless.book(&db));
    publish(rig, &["a", "b", "c", "d"], 1..2).await;
    let admin = hopeless.admin(rig, &db);
    eventually("the first is dead-lettered", || async {
        admin.count().await.is_ok_and(|count| count == 1)
    })
    .await;
    hopeless.mend("a", 1);
    let traffic = async {
        let publisher = rig.publisher();
        for version in 2..101 {
            let round = ["a", "b", "c", "d"].map(|key| deposit(key, version));
            publisher.publish(&round).await.expect("it takes them");
        }
    };
    let retrying = async {
        let done = admin.retry("a", "ada", "").await.expect("it is mended");
        assert_eq!((done.outcome, done.left), (Outcome::Applied, 0));
    };
    tokio::join!(traffic, retrying);
    applied(rig, &db).await;
    consuming.stop().await.expect("the checkpoints fit");
    assert_eq!(
        db.dead_letters().await,
        [],
        "no message is dead-lettered behind nothing"
    );
    for key in ["a", "b", "c", "d"] {
        assert_eq!(db.committed(key).await, paid(100), "of {key}");
    }
}
