//! The table of jobs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use outbox::dead_letter::Action;
use outbox::jobs::{
    Held, JobAdmin, JobAdminError, JobFilter, JobPosition, JobState, JobView, TakenJob,
};
use outbox::{
    Database as _, ErrorKind, EventCollector, Job, JobId, JobStore, MessageContext, StoreError,
    SystemClock, Work, transact,
};
use serde::{Deserialize, Serialize};
use testkit::eventually;
use uuid::Uuid;

use super::ledger::Ledger;
use super::rig::Rig;

/// Far longer than any case takes.
const LONG: Duration = Duration::from_mins(10);

/// The job of all cases: pay into an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pay {
    pub(crate) account: String,
}

impl Job for Pay {
    const NAME: &'static str = "pay";
}

pub(crate) fn id(account: &str) -> JobId {
    JobId::of(Pay::NAME, &[&account])
}

/// A time so many seconds from now.
pub(crate) fn within(seconds: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(seconds)
}

/// Puts the job `pay` for `account` into `out`.
pub(crate) fn schedule(out: &mut EventCollector<'_>, account: &str, due: Timestamp) {
    let job = Pay {
        account: account.to_owned(),
    };
    let context = MessageContext {
        correlation_id: Some(format!("for {account}")),
        ..MessageContext::default()
    };
    out.schedule(id(account), &job, due, context)
        .expect("it is small");
}

struct Change<'a, D> {
    db: &'a D,
    change: &'a (dyn Fn(&mut EventCollector<'_>) + Sync),
}

impl<D: Ledger + JobStore> Work<D> for Change<'_, D> {
    type Output = ();

    async fn run(&mut self, tx: &mut D::Tx) -> Result<(), StoreError> {
        let mut out = EventCollector::new("bank", &SystemClock);
        (self.change)(&mut out);
        out.write(self.db, tx).await.map(drop)
    }
}

/// Writes what `change` puts into the collector, in a transaction of its own.
pub(crate) async fn change<D: Ledger + JobStore>(
    db: &D,
    change: impl Fn(&mut EventCollector<'_>) + Sync,
) {
    let change = &change;
    let done = transact(db, &mut Change { db, change }).await;
    done.expect("it answers");
}

async fn take<D: Ledger + JobStore>(db: &D, limit: usize, ttl: Duration) -> Vec<TakenJob> {
    let taken = db.take(Uuid::now_v7(), limit, ttl).await;
    taken.expect("it answers").jobs
}

/// Takes the one job that is due, as soon as it is.
async fn take_one<D: Ledger + JobStore>(db: &D, ttl: Duration) -> TakenJob {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let mut taken = take(db, 9, ttl).await;
        assert!(taken.len() < 2, "{taken:?}");
        if let Some(taken) = taken.pop() {
            return taken;
        }
        assert!(Instant::now() < until, "it never comes");
    }
}

async fn show<D: Ledger + JobStore>(db: &D, account: &str) -> JobView {
    let found = db.job(&id(account)).await.expect("it answers");
    found.expect("it is known")
}

async fn state<D: Ledger + JobStore>(db: &D, account: &str) -> JobState {
    show(db, account).await.state
}

async fn finish<D: Ledger + JobStore>(db: &D, held: &Held) -> bool {
    db.finish(held).await.expect("it answers")
}

pub(super) async fn a_job_is_taken_when_it_is_due_and_not_before<R: Rig<Db: JobStore>>(rig: &R) {
    let db = rig.database().await;
    let due = Timestamp::now() + SignedDuration::from_millis(700);
    change(&db, |out| {
        schedule(out, "late", within(3600));
        schedule(out, "now", within(-5));
        schedule(out, "soon", due);
    })
    .await;
    let first = db.take(Uuid::now_v7(), 9, LONG).await.expect("it answers");
    let names: Vec<&JobId> = first.jobs.iter().map(|job| &job.held.id).collect();
    assert_eq!(names, [&id("now")]);
    let job = &first.jobs[0];
    assert_eq!((job.name.as_str(), job.attempt), ("pay", 1));
    assert_eq!(job.payload, br#"{"account":"now"}"#);
    let correlation = job.context.correlation_id.as_deref();
    assert_eq!(correlation, Some("for now"));
    let next = first.next.expect("others wait");
    assert!(next <= Duration::from_millis(700), "{next:?}");
    let soon = take_one(&db, LONG).await;
    assert!(Timestamp::now() >= due, "taken before it was due");
    assert_eq!(soon.held.id, id("soon"));
    let next = db.take(Uuid::now_v7(), 9, LONG).await.expect("it answers");
    assert_eq!(next.jobs, []);
    assert!(finish(&db, &soon.held).await && finish(&db, &job.held).await);
    let done = show(&db, "now").await;
    assert_eq!((done.state, done.name.as_str()), (JobState::Done, "pay"));
    assert_eq!((done.payload, done.due), (None, None), "the row is small");
    assert_eq!(db.job_counts().await.expect("it answers").waiting, 1);
}

pub(super) async fn an_aborted_transaction_schedules_nothing<R: Rig<Db: JobStore>>(rig: &R) {
    let db = rig.database().await;
    let mut tx = db.begin().await.expect("it answers");
    let mut out = EventCollector::new("bank", &SystemClock);
    schedule(&mut out, "a", within(-1));
    out.write(&db, &mut tx).await.expect("it answers");
    db.abort(tx).await;
    assert_eq!(db.job(&id("a")).await.expect("it answers"), None);
    assert_eq!(take(&db, 9, LONG).await, []);
}

pub(super) async fn an_id_that_was_used_is_never_free_again<R: Rig<Db: JobStore>>(rig: &R) {
    let db = rig.database().await;
    let admin = JobAdmin::new(db.clone(), Arc::new(SystemClock));
    let all = ["done", "cancelled", "discarded", "dead", "waiting"];
    change(&db, |out| schedule(out, "done", within(-1))).await;
    finish(&db, &take_one(&db, LONG).await.held).await;
    change(&db, |out| {
        schedule(out, "cancelled", within(-1));
        out.cancel(id("cancelled"));
        out.cancel(id("never scheduled"));
        schedule(out, "discarded", within(-1));
    })
    .await;
    let discarded = admin.discard(&id("discarded"), "ada", "not wanted").await;
    discarded.expect("it waits");
    change(&db, |out| schedule(out, "dead", within(-1))).await;
    let dead = take_one(&db, LONG).await;
    let aside = db.set_aside(&dead.held, "no hope").await;
    assert!(aside.expect("it answers"));
    change(&db, |out| schedule(out, "waiting", within(3600))).await;

    let mut before = Vec::new();
    for account in all {
        before.push(show(&db, account).await);
    }
    change(&db, |out| {
        for account in all {
            schedule(out, account, within(-1));
        }
        schedule(out, "never scheduled", within(-1));
    })
    .await;
    for (account, before) in all.iter().zip(before) {
        assert_eq!(show(&db, account).await, before, "nothing has changed");
    }
    assert_eq!(state(&db, "never scheduled").await, JobState::Cancelled);
    assert_eq!(take(&db, 9, LONG).await, [], "nothing is due");
    // Cancelling what has ended leaves its end as it is.
    change(&db, |out| all.iter().for_each(|one| out.cancel(id(one)))).await;
    let mut ends = Vec::new();
    for account in all {
        ends.push(state(&db, account).await.name());
    }
    let cancelled = "cancelled";
    let expected = ["done", cancelled, "discarded", cancelled, cancelled];
    assert_eq!(ends, expected);
}

pub(super) async fn a_cancelled_job_is_not_taken_and_its_attempt_is_fenced<R: Rig<Db: JobStore>>(
    rig: &R,
) {
    let db = rig.database().await;
    change(&db, |out| {
        schedule(out, "a", within(-1));
        schedule(out, "b", within(-1));
    })
    .await;
    change(&db, |out| out.cancel(id("b"))).await;
    let taken = take_one(&db, LONG).await;
    assert_eq!(taken.held.id, id("a"));
    change(&db, |out| out.cancel(id("a"))).await;
    assert!(!finish(&db, &taken.held).await, "it has no right any more");
    let failed = db.fail(&taken.held, Duration::ZERO, "late").await;
    assert!(!failed.expect("it answers"));
    let mut tx = db.begin().await.expect("it answers");
    let refused = db.finish_in(&mut tx, &taken.held).await;
    assert_eq!(
        refused.map_err(|fault| fault.kind()),
        Err(ErrorKind::Fenced)
    );
    db.abort(tx).await;
    assert_eq!(state(&db, "a").await, JobState::Cancelled);
    assert_eq!(take(&db, 9, LONG).await, []);
}

pub(super) async fn a_lease_that_ran_out_goes_to_another_attempt<R: Rig<Db: JobStore>>(rig: &R) {
    let (db, other) = (rig.database().await, rig.database().await);
    change(&db, |out| schedule(out, "a", within(-1))).await;
    let (asked, ttl) = (Instant::now(), Duration::from_millis(400));
    let first = take_one(&db, ttl).await;
    let second = take_one(&other, LONG).await;
    let passed = asked.elapsed() + Duration::from_millis(5);
    assert!(passed >= ttl, "taken over after {passed:?}");
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert!(!finish(&db, &first.held).await, "the late one is fenced");
    db.renew(std::slice::from_ref(&first.held), Duration::ZERO)
        .await
        .expect("it answers");
    assert_eq!(take(&db, 9, LONG).await, [], "and can't touch the lease");
    assert_eq!(state(&db, "a").await, JobState::Running);
    assert!(finish(&other, &second.held).await);
}

pub(super) async fn a_renewed_lease_lasts<R: Rig<Db: JobStore>>(rig: &R) {
    let (db, other) = (rig.database().await, rig.database().await);
    change(&db, |out| schedule(out, "a", within(-1))).await;
    let short = Duration::from_secs(2);
    let held = take_one(&db, short).await.held;
    db.renew(std::slice::from_ref(&held), LONG)
        .await
        .expect("it answers");
    // Another job with the first one's lease shows when that time has passed for the database.
    change(&db, |out| schedule(out, "probe", within(-1))).await;
    take_one(&other, short).await;
    let probe = take_one(&other, short).await;
    assert_eq!((probe.held.id, probe.attempt), (id("probe"), 2));
    assert!(finish(&db, &held).await);
}

pub(super) async fn a_failed_job_comes_again_after_its_pause<R: Rig<Db: JobStore>>(rig: &R) {
    let db = rig.database().await;
    change(&db, |out| schedule(out, "a", within(-1))).await;
    let first = take_one(&db, LONG).await;
    let (failed_at, pause) = (Instant::now(), Duration::from_millis(600));
    let failed = db.fail(&first.held, pause, "the server is away").await;
    assert!(failed.expect("it answers"));
    let shown = show(&db, "a").await;
    assert_eq!(shown.state, JobState::Waiting);
    assert_eq!(shown.reason.as_deref(), Some("the server is away"));
    let second = take_one(&db, LONG).await;
    let passed = failed_at.elapsed() + Duration::from_millis(5);
    assert!(passed >= pause, "it came after {passed:?}");
    assert_eq!(second.attempt, 2);
    assert_eq!((second.due, second.payload), (first.due, first.payload));
}

pub(super) async fn what_was_not_begun_is_given_back<R: Rig<Db: JobStore>>(rig: &R) {
    let db = rig.database().await;
    change(&db, |out| {
        schedule(out, "a", within(-2));
        schedule(out, "b", within(-1));
        schedule(out, "c", within(-3));
    })
    .await;
    let taken = take(&db, 2, LONG).await;
    let ids: Vec<&JobId> = taken.iter().map(|job| &job.held.id).collect();
    assert_eq!(ids, [&id("c"), &id("a")], "those due longest first");
    let held: Vec<Held> = taken.into_iter().map(|job| job.held).collect();
    db.give_back(&held).await.expect("it answers");
    let again = take(&db, 9, LONG).await;
    let attempts: Vec<u32> = again.iter().map(|job| job.attempt).collect();
    assert_eq!(attempts, [1, 1, 1], "no attempt was made");
    for held in held {
        assert!(!finish(&db, &held).await, "the right to it was given back");
    }
}

pub(super) async fn a_dead_job_is_retried_or_discarded_with_who_and_why<R: Rig<Db: JobStore>>(
    rig: &R,
) {
    let db = rig.database().await;
    let admin = JobAdmin::new(db.clone(), Arc::new(SystemClock));
    change(&db, |out| schedule(out, "a", within(-1))).await;
    let waits = admin.retry(&id("a"), "ada", "").await;
    let waiting = JobState::Waiting;
    assert!(
        matches!(&waits, Err(JobAdminError::WrongState { state, .. }) if *state == waiting),
        "one that has not failed: {waits:?}"
    );
    let nowhere = admin.retry(&id("nowhere"), "ada", "").await;
    assert!(matches!(nowhere, Err(JobAdminError::Unknown(_))));

    let taken = take_one(&db, LONG).await;
    let aside = db.set_aside(&taken.held, "the address is wrong").await;
    assert!(aside.expect("it answers"));
    let counts = admin.counts().await.expect("it answers");
    assert_eq!((counts.dead, counts.waiting, counts.running), (1, 0, 0));
    let dead = admin.list(&JobFilter::of(JobState::Dead)).await;
    let dead = dead.expect("it answers");
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].reason.as_deref(), Some("the address is wrong"));
    assert_eq!(take(&db, 9, LONG).await, [], "nobody tries it");

    let retried = admin.retry(&id("a"), "ada", "the address was mended").await;
    retried.expect("it is dead");
    let again = take_one(&db, LONG).await;
    assert_eq!(again.attempt, 1, "counted anew");
    let aside = db.set_aside(&again.held, "still wrong").await;
    assert!(aside.expect("it answers"));
    let silent = admin.discard(&id("a"), "ada", " ").await;
    assert!(matches!(silent, Err(JobAdminError::NoReason)));
    let a = id("a");
    let discarded = admin.discard(&a, "grace", "the account is closed").await;
    discarded.expect("it is dead");
    assert_eq!(state(&db, "a").await, JobState::Discarded);
    let over = admin.discard(&id("a"), "grace", "again").await;
    assert!(matches!(over, Err(JobAdminError::WrongState { .. })));

    let actions = admin.actions(10).await.expect("it answers");
    let actions: Vec<_> = actions
        .iter()
        .map(|done| (done.who.as_str(), done.action, done.why.as_str()))
        .collect();
    let expected = [
        ("grace", Action::Discard, "the account is closed"),
        ("ada", Action::Retry, "the address was mended"),
    ];
    assert_eq!(actions, expected);
}

pub(super) async fn lists_are_turned_page_by_page<R: Rig<Db: JobStore>>(rig: &R) {
    let db = rig.database().await;
    let due = within(3600);
    let accounts: Vec<String> = (0..7).map(|n| format!("a{n}")).collect();
    change(&db, |out| {
        // Three at one time, and the others each a second earlier than the one before.
        for (n, account) in (0..).zip(&accounts) {
            let before = SignedDuration::from_secs(if n < 3 { 0 } else { n });
            schedule(out, account, due - before);
        }
    })
    .await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let filter = JobFilter {
            after,
            limit: 2,
            name: Some("pay".to_owned()),
            ..JobFilter::of(JobState::Waiting)
        };
        let page = db.jobs(&filter).await.expect("it answers");
        let Some(last) = page.last() else { break };
        let position = |job: &JobView| JobPosition {
            at: job.at,
            id: job.id.clone(),
        };
        after = Some(position(last));
        seen.extend(page.iter().map(position));
    }
    let different: BTreeSet<&JobId> = seen.iter().map(|place| &place.id).collect();
    assert_eq!((seen.len(), different.len()), (7, 7), "each once");
    assert!(seen.is_sorted(), "{seen:?}");
    let other = JobFilter {
        name: Some("other".to_owned()),
        ..JobFilter::of(JobState::Waiting)
    };
    assert_eq!(db.jobs(&other).await.expect("it answers"), []);
    let running = JobFilter::of(JobState::Running);
    assert_eq!(db.jobs(&running).await.expect("it answers"), []);
    eventually("they are counted", || async {
        db.job_counts().await.expect("it answers").waiting == 7
    })
    .await;
}
