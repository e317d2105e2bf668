//! A job: taken, done, finished; and one that is finished in its own transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use outbox::jobs::{ApplyJob, JobSettings, JobState};
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::{EventCollector, JobContext, JobError, JobStore as _, Jobs, RunJob};
use testkit::eventually;
use testkit::faults::{Fault, FaultCounts, Share, Trouble, When, each_fault, in_shares};

use super::{SHARES, Setup, befalling};
use crate::conformance::jobs::{Pay, change, id, schedule, within};
use crate::conformance::ledger::{Booked, Ledger as _, paid};
use crate::conformance::running::{Running, jobs};

/// What is taken and not heard of comes again soon.
fn settings() -> JobSettings {
    JobSettings {
        poll: Duration::from_millis(100),
        lease: Duration::from_millis(1_500),
        first_pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(50),
        ..JobSettings::default()
    }
}

async fn done(setup: &Setup, account: &str, what: &str) {
    eventually(&format!("{what}: {account} is done"), || async {
        let job = setup.quiet.job(&id(account)).await.expect("it answers");
        job.is_some_and(|job| job.state == JobState::Done)
    })
    .await;
}

#[derive(Clone, Default)]
struct Count(Arc<AtomicU32>);

impl RunJob<Pay> for Count {
    async fn run(&self, _job: &Pay, _context: &JobContext) -> Result<(), JobError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_done_at_least_once_whatever_command_of_it_fails() {
    in_shares(SHARES, outside).await;
}

async fn outside(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let places = [
        // What is due, what was leased, the counts' first: they begin side by side.
        When::Named("find", 0),
        When::Named("find", 1),
        When::Named("find", 2),
        When::Named("aggregate", 0),
        // The lease, then the end.
        When::Named("update", 0),
        When::Named("update", 1),
    ];
    let mut number = 0;
    let cases = places.into_iter().flat_map(befalling);
    let unit = "outbox: a job taken, done and finished";
    each_fault(&setup.proxy, share, unit, cases, async |what| {
        number += 1;
        let (account, count) = (format!("a{number}"), Count::default());
        change(&setup.quiet, |out| schedule(out, &account, within(-1))).await;
        let registered = Jobs::new("bank").on::<Pay, _>(count.clone());
        let running = jobs(&setup.proxied, registered, settings());
        done(&setup, &account, what).await;
        setup.proxy.rest();
        running.stop().await;
        let times = count.0.load(Ordering::SeqCst);
        assert!((1..=2).contains(&times), "{what}: done {times} times");
    })
    .await
}

/// Pays in, and says so.
struct PayIn(MongoDatabase);

impl ApplyJob<Pay, MongoDatabase> for PayIn {
    async fn apply(
        &self,
        tx: &mut MongoTx,
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
        schedule(out, &format!("{} later", job.account), within(3600));
        out.push(&booked, context.consequence())
            .map_err(|invalid| JobError::GiveUp(invalid.to_string()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_in_a_transaction_happens_once_whatever_command_of_it_fails() {
    in_shares(SHARES, inside).await;
}

async fn inside(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let places = [
        // The lease; then, in the transaction, the job's end, the account and what follows.
        When::Named("update", 0),
        When::Named("update", 1),
        When::Named("update", 2),
        When::Named("update", 3),
        When::Named("insert", 0),
    ];
    let commit = Fault::of("commitTransaction").into_iter();
    let commit = commit.map(|trouble| (When::Named("commitTransaction", 0), trouble));
    let cases: Vec<(When, Trouble)> = places
        .into_iter()
        .flat_map(befalling)
        .chain(commit)
        .collect();
    let mut number = 0;
    let unit = "outbox: a job in its own transaction";
    each_fault(&setup.proxy, share, unit, cases, async |what| {
        number += 1;
        let account = format!("a{number}");
        change(&setup.quiet, |out| schedule(out, &account, within(-1))).await;
        let registered = Jobs::new("bank").in_transaction::<Pay, _>(PayIn(setup.proxied.clone()));
        let running: Running<()> = jobs(&setup.proxied, registered, settings());
        done(&setup, &account, what).await;
        setup.proxy.rest();
        running.stop().await;
        assert_eq!(setup.quiet.committed(&account).await, paid(1), "{what}");
        let published = setup.published().await;
        assert_eq!(published.len(), 1, "{what}: published once: {published:?}");
        let later = id(&format!("{account} later"));
        let later = setup.quiet.job(&later).await.expect("it answers");
        let state = later.map(|job| job.state);
        assert_eq!(state, Some(JobState::Waiting), "{what}");
    })
    .await
}
