//! Runners at work.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outbox::jobs::{ApplyJob, JobSettings, JobState};
use outbox::{
    EventCollector, JobContext, JobError, JobStore, Jobs, OutboxStore as _, RunJob, SystemClock,
};
use testkit::eventually;
use tokio::sync::Semaphore;

use super::jobs::{Pay, change, id, schedule, within};
use super::ledger::{Booked, Ledger, paid};
use super::rig::Rig;
use super::running::{Running, jobs};

/// A runner that looks often and waits little.
fn quick() -> JobSettings {
    JobSettings {
        poll: Duration::from_millis(50),
        lease: Duration::from_secs(3),
        first_pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(40),
        max_attempts: 4,
        ..JobSettings::default()
    }
}

/// Who has seen which attempt, in order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(String, u32)>>>);

impl Seen {
    fn note(&self, job: &Pay, context: &JobContext) {
        assert_eq!(context.id, id(&job.account));
        let correlation = context.message.correlation_id.as_deref();
        assert_eq!(correlation, Some(format!("for {}", job.account).as_str()));
        let mut seen = self.0.lock().expect("nobody panics with it");
        seen.push((job.account.clone(), context.attempt));
    }

    fn all(&self) -> Vec<(String, u32)> {
        self.0.lock().expect("nobody panics with it").clone()
    }
}

impl RunJob<Pay> for Seen {
    async fn run(&self, job: &Pay, context: &JobContext) -> Result<(), JobError> {
        self.note(job, context);
        Ok(())
    }
}

fn running<D: Ledger + JobStore>(
    db: &D,
    runner: impl RunJob<Pay>,
    settings: JobSettings,
) -> Running<()> {
    jobs(db, Jobs::new("bank").on::<Pay, _>(runner), settings)
}

async fn becomes<D: Ledger + JobStore>(db: &D, account: &str, state: JobState) {
    eventually(&format!("{account} is {}", state.name()), || async {
        let found = db.job(&id(account)).await.expect("it answers");
        found.is_some_and(|job| job.state == state)
    })
    .await;
}

pub(super) async fn a_job_that_is_due_soon_wakes_the_runner<R: Rig<Db: JobStore>>(rig: &R) {
    let db = rig.database().await;
    let seen = Seen::default();
    let settings = JobSettings {
        poll: Duration::from_hours(1),
        ..JobSettings::default()
    };
    let runner = running(&db, seen.clone(), settings);
    // The first look is over when this is done; the others are for whoever wakes the runner.
    change(&db, |out| schedule(out, "first", within(-1))).await;
    becomes(&db, "first", JobState::Done).await;
    change(&db, |out| schedule(out, "second", within(0))).await;
    becomes(&db, "second", JobState::Done).await;
    runner.stop().await;
    let expected = [("first".to_owned(), 1), ("second".to_owned(), 1)];
    assert_eq!(seen.all(), expected);
}

/// Pays in, says so, and has the next one paid.
struct Chain<D>(D);

impl<D: Ledger + JobStore> ApplyJob<Pay, D> for Chain<D> {
    async fn apply(
        &self,
        tx: &mut D::Tx,
        job: &Pay,
        context: &JobContext,
        out: &mut EventCollector<'_>,
    ) -> Result<(), JobError> {
        let mut account = self.0.account(tx, &job.account).await?;
        account.balance += 1;
        account.version += 1;
        account.times += 1;
        self.0.save(tx, &job.account, &account).await?;
        let booked = Booked {
            account: job.account.clone(),
            balance: account.balance,
            version: account.version.unsigned_abs(),
        };
        let consequence = context.consequence();
        out.push(&booked, consequence)
            .map_err(|invalid| JobError::GiveUp(invalid.to_string()))?;
        if job.account == "hopeless" {
            return Err(JobError::GiveUp("it has no hope".to_owned()));
        }
        if job.account == "first" {
            schedule(out, "next", within(-1));
        }
        Ok(())
    }
}

pub(super) async fn a_job_in_a_transaction_happens_once_with_what_follows_from_it<
    R: Rig<Db: JobStore>,
>(
    rig: &R,
) {
    let db = rig.database().await;
    let registered = || Jobs::new("bank").in_transaction::<Pay, _>(Chain(db.clone()));
    let (one, two) = (
        jobs(&db, registered(), quick()),
        jobs(&db, registered(), quick()),
    );
    change(&db, |out| schedule(out, "first", within(-1))).await;
    becomes(&db, "next", JobState::Done).await;
    one.stop().await;
    two.stop().await;
    for account in ["first", "next"] {
        assert_eq!(db.committed(account).await, paid(1), "{account}");
    }
    let published = db.pending(9, &[]).await.expect("it answers");
    let published: Vec<_> = published
        .iter()
        .flat_map(|record| &record.messages)
        .map(|message| {
            let cause = message.context.causation_id.clone();
            (message.key.as_str(), cause.unwrap_or_default())
        })
        .collect();
    let expected = [("first", "pay:first"), ("next", "pay:next")];
    assert_eq!(published, expected.map(|(key, id)| (key, id.to_owned())));
}

pub(super) async fn a_job_that_gives_up_changes_nothing_and_is_set_aside<R: Rig<Db: JobStore>>(
    rig: &R,
) {
    let db = rig.database().await;
    let registered = Jobs::new("bank").in_transaction::<Pay, _>(Chain(db.clone()));
    let runner = jobs(&db, registered, quick());
    change(&db, |out| schedule(out, "hopeless", within(-1))).await;
    becomes(&db, "hopeless", JobState::Dead).await;
    runner.stop().await;
    let job = db.job(&id("hopeless")).await.expect("it answers");
    let job = job.expect("it is known");
    assert_eq!(job.reason.as_deref(), Some("it has no hope"));
    assert_eq!(job.attempts, 1, "it was not tried again");
    assert_eq!(db.committed("hopeless").await, paid(0));
    assert_eq!(db.pending(9, &[]).await.expect("it answers"), []);
}

/// Fails in another way each time.
#[derive(Clone, Default)]
struct Failing(Seen);

impl RunJob<Pay> for Failing {
    async fn run(&self, job: &Pay, context: &JobContext) -> Result<(), JobError> {
        self.0.note(job, context);
        match context.attempt {
            1 => Err(JobError::Retry("the server is away".to_owned())),
            2 => panic!("of attempt 2"),
            3 => std::future::pending().await,
            _ if job.account == "mended" => Ok(()),
            _ => {
                let soon = Duration::from_millis(1);
                Err(JobError::RetryAfter(soon, "the server is full".to_owned()))
            }
        }
    }
}

pub(super) async fn attempts_that_fail_panic_or_hang_are_followed_by_others_up_to_the_most<
    R: Rig<Db: JobStore>,
>(
    rig: &R,
) {
    let db = rig.database().await;
    let failing = Failing::default();
    let settings = JobSettings {
        timeout: Duration::from_millis(200),
        ..quick()
    };
    let runner = running(&db, failing.clone(), settings);
    change(&db, |out| {
        schedule(out, "mended", within(-1));
        schedule(out, "lost", within(-1));
    })
    .await;
    becomes(&db, "mended", JobState::Done).await;
    becomes(&db, "lost", JobState::Dead).await;
    runner.stop().await;
    let mut seen = failing.0.all();
    seen.sort();
    let expected: Vec<_> = ["lost", "mended"]
        .iter()
        .flat_map(|account| (1..=4).map(|attempt| ((*account).to_owned(), attempt)))
        .collect();
    assert_eq!(seen, expected);
    let lost = db.job(&id("lost")).await.expect("it answers");
    let reason = lost.and_then(|job| job.reason).unwrap_or_default();
    assert!(reason.starts_with("the server is full"), "{reason}");
}

pub(super) async fn a_job_that_nobody_does_is_set_aside_with_its_reason<R: Rig<Db: JobStore>>(
    rig: &R,
) {
    let db = rig.database().await;
    let runner = jobs(&db, Jobs::new("bank"), quick());
    change(&db, |out| schedule(out, "a", within(-1))).await;
    becomes(&db, "a", JobState::Dead).await;
    runner.stop().await;
    let job = db.job(&id("a")).await.expect("it answers");
    let job = job.expect("it is known");
    assert_eq!(job.attempts, 4, "another build may have known it");
    let reason = job.reason.unwrap_or_default();
    assert!(
        reason.contains("nobody who does the job \"pay\""),
        "{reason}"
    );
    assert_eq!(job.payload.as_deref(), Some(&br#"{"account":"a"}"#[..]));
}

/// Waits until it is let go.
#[derive(Clone)]
struct Held {
    begun: Arc<AtomicU32>,
    go: Arc<Semaphore>,
}

impl RunJob<Pay> for Held {
    async fn run(&self, _job: &Pay, _context: &JobContext) -> Result<(), JobError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let go = self.go.acquire().await;
        go.map(tokio::sync::SemaphorePermit::forget)
            .map_err(|closed| JobError::GiveUp(closed.to_string()))
    }
}

pub(super) async fn a_runner_that_stops_finishes_what_runs_and_gives_back_the_rest<
    R: Rig<Db: JobStore>,
>(
    rig: &R,
) {
    let db = rig.database().await;
    let held = Held {
        begun: Arc::default(),
        go: Arc::new(Semaphore::new(0)),
    };
    let settings = JobSettings {
        concurrency: 2,
        lease: Duration::from_mins(10),
        ..quick()
    };
    change(&db, |out| {
        for account in ["a", "b", "c", "d"] {
            schedule(out, account, within(-1));
        }
    })
    .await;
    let runner = running(&db, held.clone(), settings);
    eventually("two run and two are ready", || async {
        let running = db.job_counts().await.expect("it answers").running;
        (running, held.begun.load(Ordering::SeqCst)) == (4, 2)
    })
    .await;
    runner.cancel();
    eventually("the two that were ready are given back", || async {
        let counts = db.job_counts().await.expect("it answers");
        (counts.running, counts.waiting) == (2, 2)
    })
    .await;
    held.go.add_permits(2);
    runner.end().await;
    assert_eq!(held.begun.load(Ordering::SeqCst), 2, "no other was begun");
    let counts = db.job_counts().await.expect("it answers");
    assert_eq!((counts.running, counts.waiting), (0, 2));
    let seen = Seen::default();
    let next = running(&db, seen.clone(), quick());
    eventually("the next one does them", || async { seen.all().len() == 2 }).await;
    next.stop().await;
    assert!(seen.all().iter().all(|(_, attempt)| *attempt == 1));
}

pub(super) async fn two_runners_do_each_job_once<R: Rig<Db: JobStore>>(rig: &R) {
    let (db, other) = (rig.database().await, rig.database().await);
    let seen = Seen::default();
    let runners = [
        running(&db, seen.clone(), quick()),
        running(&other, seen.clone(), quick()),
    ];
    let accounts: Vec<String> = (0..120).map(|n| format!("a{n:03}")).collect();
    for part in accounts.chunks(10) {
        change(&db, |out| {
            for one in part {
                schedule(out, one, within(-1));
            }
        })
        .await;
    }
    for account in &accounts {
        becomes(&db, account, JobState::Done).await;
    }
    for runner in runners {
        runner.stop().await;
    }
    let mut all = seen.all();
    all.sort();
    let expected: Vec<_> = accounts.into_iter().map(|account| (account, 1)).collect();
    assert_eq!(all, expected, "each once");
}

#[tokio::test]
async fn a_name_that_is_registered_twice_is_refused() {
    let db = super::memory::MemoryRig::new(1).database().await;
    let jobs = Jobs::new("bank")
        .on::<Pay, _>(Seen::default())
        .in_transaction::<Pay, _>(Chain(db.clone()));
    let clock = Arc::new(SystemClock);
    let refused = outbox::JobRunner::new(db, jobs, clock, JobSettings::default());
    let refused = refused.map(drop).map_err(|fault| fault.to_string());
    let expected = "the service bank registers the job pay twice; a name has one who does it";
    assert_eq!(refused, Err(expected.to_owned()));
}
