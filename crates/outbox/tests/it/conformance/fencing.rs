//! A consumer that was presumed dead and comes back.

use outbox::source::Assigned;
use outbox::{Advance, Database as _, ErrorKind, InboxStore as _, TopicPartition};
use testkit::eventually;

use super::applying::{is_at_the_end, publish};
use super::inbox;
use super::ledger::{Account, Book, Ledger as _, paid};
use super::rig::{GROUP, Rig};

pub(crate) async fn an_older_claim_changes_nothing<R: Rig>(rig: &R) {
    let db = rig.database().await;
    let at = TopicPartition::new("t", 0);
    let assigned = [Assigned {
        at: at.clone(),
        low: 7,
        high: 9,
        topic_id: None,
    }];
    let claim = async || db.claim(GROUP, &assigned).await.expect("it answers");
    let old = claim().await.remove(0);
    let new = claim().await.remove(0);
    assert_eq!((old.next, new.next), (7, 7), "begins at what is there");
    assert!(new.epoch > old.epoch);
    let attempt = async |epoch, from, key| {
        let mut tx = db.begin().await.expect("it answers");
        let account = paid(1);
        db.save(&mut tx, key, &account).await.expect("it answers");
        let step = Advance {
            at: at.clone(),
            epoch,
            from,
            to: from + 1,
        };
        let advanced = db.advance(&mut tx, GROUP, &[step]).await;
        match advanced {
            Ok(()) => db.commit(tx).await.map_err(|fault| fault.kind()),
            Err(fault) => {
                db.abort(tx).await;
                Err(fault.kind())
            }
        }
    };
    let late = attempt(old.epoch, 7, "old").await;
    assert_eq!(late, Err(ErrorKind::Fenced), "an older claim is fenced");
    assert_eq!(db.committed("old").await, Account::default());
    assert_eq!(attempt(new.epoch, 8, "gap").await, Err(ErrorKind::Fenced));
    assert_eq!(db.committed("gap").await, Account::default());
    assert_eq!(attempt(new.epoch, 7, "new").await, Ok(()));
    assert_eq!(db.committed("new").await, paid(1));
    assert_eq!(attempt(new.epoch, 7, "twice").await, Err(ErrorKind::Fenced));
    assert_eq!(db.committed("twice").await, Account::default());
    let stands = db.checkpoints(GROUP).await.expect("it answers");
    assert_eq!(stands.len(), 1);
    assert_eq!((stands[0].epoch, stands[0].next), (new.epoch, 8));
}

/// Two that both believe to have every partition take it from each other again and
/// again; whoever comes late with records in hand is fenced.
pub(crate) async fn two_consumers_of_the_same_partitions_apply_each_record_once<R: Rig>(rig: &R) {
    let (db, other) = (rig.database().await, rig.database().await);
    publish(rig, &["a", "b", "c", "d"], 1..301).await;
    let one = inbox(&db, rig.source("one"), Book::new(db.clone()));
    let two = inbox(&other, rig.source("two"), Book::new(other.clone()));
    publish(rig, &["a", "b", "c", "d"], 301..401).await;
    let records = rig.deposits().await;
    assert_eq!(records.len(), 1600);
    eventually("all is applied", || is_at_the_end(&db, &records)).await;
    one.stop().await.expect("the checkpoints fit");
    two.stop().await.expect("the checkpoints fit");
    for key in ["a", "b", "c", "d"] {
        let applied = db.committed(key).await;
        assert_eq!(applied, paid(400), "each once, in order, of {key}");
    }
}
