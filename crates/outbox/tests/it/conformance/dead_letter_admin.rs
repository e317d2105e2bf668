//! What operators do with dead letters.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use outbox::dead_letter::{Action, DeadLetterError, DeadLetterFilter, DeadLetterView, Outcome};
use outbox::inbox::InboxError;
use outbox::{
    Clock as _, DeadLetter, DeadLetterAdmin, DeadLetterStore, HandleError, OutboxStore as _,
    Record, StoreError, Subscriptions, SystemClock,
};

use super::applying::{applied, publish};
use super::ledger::{Account, Book, Deposited, Ledger, deposit, paid};
use super::rig::{GROUP, Rig};
use super::running::{Running, inbox};

/// The deposits that can't be booked, for now.
#[derive(Clone, Default)]
pub(super) struct Hopeless(Arc<Mutex<BTreeSet<(&'static str, u64)>>>);

impl Hopeless {
    pub(super) fn new(deposits: impl IntoIterator<Item = (&'static str, u64)>) -> Self {
        Self(Arc::new(Mutex::new(deposits.into_iter().collect())))
    }

    pub(super) fn mend(&self, account: &'static str, version: u64) {
        self.0.lock().unwrap().remove(&(account, version));
    }

    pub(super) fn book<D: Ledger>(&self, db: &D) -> Book<D> {
        let hopeless = Arc::clone(&self.0);
        Book::new(db.clone()).failing(move |event| {
            let all = hopeless.lock().unwrap();
            let hit = all.contains(&(&*event.account, event.version));
            let text = format!("no bank {}", all.len());
            hit.then(|| HandleError::DeadLetter(text))
        })
    }

    pub(super) fn admin<R: Rig<Db: DeadLetterStore>>(
        &self,
        rig: &R,
        db: &R::Db,
    ) -> DeadLetterAdmin<R::Db> {
        admin(rig, db, self.book(db))
    }
}

pub(super) fn admin<R: Rig<Db: DeadLetterStore>>(
    rig: &R,
    db: &R::Db,
    book: Book<R::Db>,
) -> DeadLetterAdmin<R::Db> {
    let subscriptions = Subscriptions::new(GROUP).on::<Deposited, _>(book);
    let clock = Arc::new(SystemClock);
    DeadLetterAdmin::new(db.clone(), subscriptions, GROUP, clock, rig.originals())
}

/// The database of an inbox that has applied everything but what is `hopeless`, and the inbox.
pub(super) async fn consumed<R: Rig>(
    rig: &R,
    hopeless: &Hopeless,
) -> (R::Db, Running<Result<(), InboxError>>) {
    let db = rig.database().await;
    let consuming = inbox(&db, rig.source(GROUP), hopeless.book(&db));
    applied(rig, &db).await;
    (db, consuming)
}

pub(super) async fn all<D: Ledger + DeadLetterStore>(
    admin: &DeadLetterAdmin<D>,
) -> Vec<DeadLetterView> {
    let list = admin.list(&DeadLetterFilter::default()).await;
    list.expect("the store answers")
}

/// Makes a dead letter of `record`, and gives its id.
async fn stored<D: DeadLetterStore>(db: &D, record: &Record) -> String {
    let letter = DeadLetter::new(GROUP, record, "for good", false, SystemClock.now());
    let mut tx = db.begin().await.expect("it answers");
    let added = db.add_dead_letters(&mut tx, &[letter]).await;
    let added = added.expect("it answers");
    db.commit(tx).await.expect("nobody else writes");
    added[0].id()
}

pub(super) fn version(dead_letter: &DeadLetter) -> u64 {
    let deposit = outbox::handler::decode::<Deposited>(&dead_letter.record);
    deposit.expect("it is a deposit").event.version
}

pub(super) async fn a_retried_dead_letter_frees_those_behind_it<R: Rig<Db: DeadLetterStore>>(
    rig: &R,
) {
    let hopeless = Hopeless::new([("a", 2)]);
    publish(rig, &["a", "b"], 1..6).await;
    let (db, consuming) = consumed(rig, &hopeless).await;
    let admin = hopeless.admin(rig, &db);
    let list = all(&admin).await;
    let [first] = &list[..] else {
        panic!("one key is dead-lettered: {list:?}")
    };
    assert_eq!((version(&first.dead_letter), first.waiting), (2, 3));
    assert_eq!(first.dead_letter.reason, "no bank 1");
    assert_eq!(
        (first.dead_letter.waits, first.dead_letter.attempts),
        (false, 1)
    );
    let id = first.dead_letter.id();
    let shown = admin.show(&id).await.expect("it is there");
    assert_eq!((shown.waits_for, shown.waiting), (None, 3));
    assert_eq!(shown.dead_letter, first.dead_letter);
    let behind: Vec<u64> = shown.behind.iter().map(version).collect();
    assert_eq!(behind, [3, 4, 5]);
    let last = shown.behind[2].id();
    let shown = admin.show(&last).await.expect("it is there");
    assert_eq!((shown.waits_for, shown.waiting), (Some(id.clone()), 0));
    assert_eq!(shown.dead_letter.attempts, 0);
    for refused in [
        admin.retry(&last, "ada", "now").await,
        admin.discard(&last, "ada", "now").await,
    ] {
        let refusal = refused.expect_err("its turn has not come");
        assert!(matches!(&refusal, DeadLetterError::Waits { waits_for, .. } if *waits_for == id));
    }
    assert_eq!(admin.count().await.expect("it answers"), 4);

    hopeless.mend("a", 2);
    let published = db.pending(1000, &[]).await.expect("it answers");
    let done = admin.retry("a", "ada", "the bank is back").await;
    let done = done.expect("it is mended");
    assert_eq!((&done.dead_letter, &done.outcome), (&id, &Outcome::Applied));
    assert_eq!((done.applied, done.left, &done.stopped_at), (4, 0, &None));
    assert_eq!(db.committed("a").await, paid(5));
    assert_eq!(all(&admin).await, []);
    let more = db.pending(1000, &[]).await.expect("it answers").len() - published.len();
    assert_eq!(more, 1, "what follows is said in the same transaction");

    // The inbox that was at work all the time lets the key through again.
    publish(rig, &["a"], 6..9).await;
    applied(rig, &db).await;
    consuming.stop().await.expect("the checkpoints fit");
    assert_eq!(db.committed("a").await, paid(8));
    assert_eq!(db.dead_letters().await, []);

    let actions = admin.actions(10).await.expect("it answers");
    let [action] = &actions[..] else {
        panic!("one action: {actions:?}")
    };
    assert_eq!((&*action.who, &*action.why), ("ada", "the bank is back"));
    assert_eq!((action.action, &action.dead_letter), (Action::Retry, &id));
    assert_eq!(action.key.as_deref(), Some("a"));
    assert!(action.event_id.is_some());
    assert_eq!(action.outcome, "applied; 3 behind it applied");
}

pub(super) async fn one_that_fails_again_stays_with_its_new_reason<R: Rig<Db: DeadLetterStore>>(
    rig: &R,
) {
    let hopeless = Hopeless::new([("a", 2)]);
    publish(rig, &["a"], 1..4).await;
    let (db, consuming) = consumed(rig, &hopeless).await;
    consuming.stop().await.expect("the checkpoints fit");
    let admin = hopeless.admin(rig, &db);
    let before = all(&admin).await.remove(0);
    hopeless.0.lock().unwrap().insert(("z", 1));
    let done = admin.retry("a", "ada", "").await.expect("it is tried");
    let reason = "no bank 2".to_owned();
    assert_eq!(
        done.outcome,
        Outcome::FailedAgain {
            reason: reason.clone()
        }
    );
    assert_eq!((done.applied, done.left), (0, 2));
    // What the handler wrote before it failed is gone with the transaction.
    assert_eq!(db.committed("a").await, paid(1));
    let after = all(&admin).await.remove(0);
    assert_eq!((after.dead_letter.attempts, after.waiting), (2, 1));
    assert_eq!(after.dead_letter.reason, reason);
    assert_eq!(
        after.dead_letter.dead_lettered_at,
        before.dead_letter.dead_lettered_at
    );
    let actions = admin.actions(10).await.expect("it answers");
    assert_eq!(actions[0].outcome, "failed again: no bank 2");
}

/// As the inbox dead-letters it, a dead letter whose changes the store refuses has failed again.
pub(super) async fn what_the_store_refuses_has_failed_again<R: Rig<Db: DeadLetterStore>>(rig: &R) {
    let hopeless = Hopeless::new([("a", 2)]);
    publish(rig, &["a"], 1..6).await;
    let (db, consuming) = consumed(rig, &hopeless).await;
    consuming.stop().await.expect("the checkpoints fit");
    let book = Book::new(db.clone()).failing(|event| {
        let hit = event.version == 4;
        hit.then(|| HandleError::Retry(StoreError::permanent("it is too large")))
    });
    let admin = admin(rig, &db, book);
    let first = all(&admin).await.remove(0).dead_letter.id();
    let done = admin.discard(&first, "ada", "nobody misses it").await;
    let done = done.expect("it is given up");
    assert_eq!(
        (&done.outcome, done.applied, done.left),
        (&Outcome::Discarded, 1, 2)
    );
    let next = all(&admin).await.remove(0);
    assert_eq!((version(&next.dead_letter), next.waiting), (4, 1));
    let stopped = (next.dead_letter.id(), next.dead_letter.reason.clone());
    assert_eq!(done.stopped_at, Some(stopped));
    assert!(next.dead_letter.reason.contains("it is too large"));
    let done = admin.retry("a", "ada", "").await.expect("it is tried");
    let reason = next.dead_letter.reason;
    assert_eq!(done.outcome, Outcome::FailedAgain { reason });
    assert_eq!((done.applied, done.left), (0, 2));
    assert_eq!(db.committed("a").await.times, 2);
}

/// It is read again where it lies.
pub(super) async fn a_dead_letter_kept_by_reference_can_be_retried<R: Rig<Db: DeadLetterStore>>(
    rig: &R,
) {
    let hopeless = Hopeless::new([("a", 1)]);
    let event = deposit("a", 1);
    let headers = outbox::cloudevents::headers(&event);
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    // An event with more white space than a document may have.
    let padded = [&event.payload[..], &vec![b' '; 17_000_000]].concat();
    rig.append_raw(Some("a"), &headers, &padded).await;
    publish(rig, &["a", "b"], 2..4).await;
    let (db, consuming) = consumed(rig, &hopeless).await;
    let admin = hopeless.admin(rig, &db);
    let list = all(&admin).await;
    let [first] = &list[..] else {
        panic!("one key is dead-lettered: {list:?}")
    };
    let dead_letter = &first.dead_letter;
    let size = dead_letter.original_bytes.unwrap_or_default();
    assert!(size > 17_000_000, "{size} bytes");
    assert!(dead_letter.record.payload.len() < 5_000, "its beginning");
    assert_eq!((first.waiting, &*dead_letter.reason), (2, "no bank 1"));
    let again = admin.retry(&dead_letter.id(), "ann", "").await;
    let again = again.expect("it can be read").outcome;
    assert!(matches!(again, Outcome::FailedAgain { .. }), "{again:?}");
    hopeless.mend("a", 1);
    let handled = admin.retry(&dead_letter.id(), "ann", "").await;
    let handled = handled.expect("it can be read");
    assert_eq!(
        (handled.outcome, handled.applied, handled.left),
        (Outcome::Applied, 3, 0)
    );
    assert_eq!(db.committed("a").await, paid(3));
    consuming.stop().await.expect("the checkpoints fit");
}

/// Where it lay there is nothing, or another record.
pub(super) async fn one_that_is_gone_from_its_topic_can_only_be_discarded<
    R: Rig<Db: DeadLetterStore>,
>(
    rig: &R,
) {
    let db = rig.database().await;
    let hopeless = Hopeless::new([]);
    publish(rig, &["a"], 1..2).await;
    let mut gone = rig.deposits().await.remove(0);
    gone.payload = vec![b'x'; 17_000_000];
    let elsewhere = Record {
        offset: 40,
        ..gone.clone()
    };
    for record in [gone, elsewhere] {
        let id = stored(&db, &record).await;
        let admin = hopeless.admin(rig, &db);
        let handled = admin.retry(&id, "ann", "").await.expect("it answers");
        let Outcome::FailedAgain { reason } = handled.outcome else {
            panic!("{handled:?}")
        };
        assert!(reason.contains("can only be discarded"), "{reason}");
        let handled = admin.discard(&id, "ann", "it is gone").await;
        assert_eq!(handled.expect("it answers").outcome, Outcome::Discarded);
    }
    assert_eq!(db.committed("a").await, Account::default());
}

/// An earlier release has dead-lettered it: nothing is in it.
pub(super) async fn a_retried_record_without_a_value_is_applied<R: Rig<Db: DeadLetterStore>>(
    rig: &R,
) {
    let db = rig.database().await;
    rig.append_tombstone("a", &[]).await;
    let id = stored(&db, &rig.deposits().await[0]).await;
    let admin = Hopeless::default().admin(rig, &db);
    let handled = admin.retry(&id, "ann", "").await.expect("it answers");
    assert_eq!((handled.outcome, handled.left), (Outcome::Applied, 0));
}

pub(super) async fn a_discarded_dead_letter_frees_those_behind_it<R: Rig<Db: DeadLetterStore>>(
    rig: &R,
) {
    let db = rig.database().await;
    let hopeless = Hopeless::new([("a", 2), ("b", 1)]);
    publish(rig, &["a", "b"], 1..5).await;
    let consuming = inbox(&db, rig.source(GROUP), hopeless.book(&db));
    applied(rig, &db).await;
    let admin = hopeless.admin(rig, &db);
    let filter = DeadLetterFilter {
        key: Some("a".to_owned()),
        ..DeadLetterFilter::default()
    };
    let list = admin.list(&filter).await.expect("it answers");
    assert_eq!((list.len(), all(&admin).await.len()), (1, 2));
    let id = list[0].dead_letter.id();
    let refused = admin.discard(&id, "ada", "  ").await;
    assert!(matches!(refused, Err(DeadLetterError::NoReason)));
    let done = admin.discard(&id, "ada", "paid in cash").await;
    let done = done.expect("it is the first of its key");
    assert_eq!(
        (done.outcome, done.applied, done.left),
        (Outcome::Discarded, 2, 0)
    );
    let account = Account {
        balance: 3,
        version: 4,
        times: 3,
        gaps: 1,
    };
    assert_eq!(db.committed("a").await, account);
    assert_eq!(admin.count().await.expect("it answers"), 4, "b's are left");
    let again = admin.discard(&id, "ada", "twice").await;
    assert!(matches!(again, Err(DeadLetterError::Unknown { .. })));
    consuming.stop().await.expect("the checkpoints fit");
    hopeless.mend("b", 1);
    admin.retry("b", "bob", "").await.expect("it is mended");
    assert_eq!(db.committed("b").await, paid(4));
    let actions = admin.actions(10).await.expect("it answers");
    let done: Vec<_> = actions.iter().map(|a| (a.action, &*a.who)).collect();
    assert_eq!(done, [(Action::Retry, "bob"), (Action::Discard, "ada")]);
    assert_eq!(actions[1].outcome, "discarded; 2 behind it applied");
}

pub(super) async fn dead_letters_without_a_key_are_independent<R: Rig<Db: DeadLetterStore>>(
    rig: &R,
) {
    let db = rig.database().await;
    for _ in 0..6 {
        rig.append_raw(None, &[], b"garbage").await;
    }
    let hopeless = Hopeless::default();
    let consuming = inbox(&db, rig.source(GROUP), hopeless.book(&db));
    applied(rig, &db).await;
    consuming.stop().await.expect("the checkpoints fit");
    let admin = hopeless.admin(rig, &db);
    let list = all(&admin).await;
    assert_eq!(list.len(), 6);
    assert!(list.iter().all(|line| line.waiting == 0));
    let id = list[3].dead_letter.id();
    let done = admin.retry(&id, "ada", "").await.expect("it is tried");
    let reason = "header ce_type is missing or unreadable".to_owned();
    assert_eq!(done.outcome, Outcome::FailedAgain { reason });
    let done = admin.discard(&id, "ada", "garbage").await.expect("it goes");
    assert_eq!((done.outcome, done.left), (Outcome::Discarded, 0));
    let rest = all(&admin).await;
    let rest: Vec<String> = rest.iter().map(|line| line.dead_letter.id()).collect();
    assert!(rest.len() == 5 && !rest.contains(&id), "{rest:?}");
}

pub(super) async fn what_is_not_there_is_refused<R: Rig<Db: DeadLetterStore>>(rig: &R) {
    let db = rig.database().await;
    let admin = Hopeless::default().admin(rig, &db);
    let asked = format!("{GROUP}/bank.deposit.v1/0/7");
    let texts = [
        admin.retry(&asked, "ada", "").await.expect_err("nothing"),
        admin
            .discard(&asked, "ada", "x")
            .await
            .expect_err("nothing"),
        admin.show(&asked).await.expect_err("nothing"),
    ];
    for text in texts {
        let expected = format!("there is no dead letter {asked} of {GROUP}");
        assert!(text.to_string().starts_with(&expected), "{text}");
    }
    assert_eq!(admin.actions(10).await.expect("it answers"), []);
    assert_eq!(all(&admin).await, []);
}
