//! What transactions that overlap do to each other.

use outbox::{Database, ErrorKind};

use super::ledger::{Ledger, paid};
use super::rig::Rig;

/// A transaction reads both accounts and changes `saved`, after another has changed `ann`'s meanwhile: how
/// its change or its commit is refused.
async fn overlapped<R: Rig>(rig: &R, saved: &str) -> Option<ErrorKind> {
    let db = rig.database().await;
    let mut slow = db.begin().await.expect("it answers");
    for key in ["ann", "bob"] {
        db.account(&mut slow, key).await.expect("it answers");
    }
    let mut quick = db.begin().await.expect("it answers");
    db.save(&mut quick, "ann", &paid(1))
        .await
        .expect("it answers");
    db.commit(quick).await.expect("nothing is in its way");
    let seen = db.account(&mut slow, "ann").await.expect("it answers");
    assert_ne!(seen, paid(1), "it sees what was there when it began");
    let fault = match db.save(&mut slow, saved, &paid(1)).await {
        Ok(()) => db.commit(slow).await.err(),
        Err(fault) => {
            db.abort(slow).await;
            Some(fault)
        }
    };
    fault.map(|fault| fault.kind())
}

pub(crate) async fn what_was_only_read_may_be_changed_by_another<R: Rig>(rig: &R) {
    assert_eq!(overlapped(rig, "bob").await, None, "ann's was only read");
    let db = rig.database().await;
    assert_eq!(db.committed("bob").await, paid(1));
    assert_eq!(db.committed("ann").await, paid(1));
}

pub(crate) async fn a_document_is_changed_by_one_of_two<R: Rig>(rig: &R) {
    assert_eq!(overlapped(rig, "ann").await, Some(ErrorKind::Conflict));
}
