//! A service's messages and jobs together, and the order in which they end.

use std::sync::Arc;
use std::time::Duration;

use outbox::jobs::{ApplyJob, JobSettings};
use outbox::kafka::TopicSpec;
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::{
    Event as _, EventCollector, JobContext, JobError, JobStore as _, Jobs, Messaging,
    Subscriptions, SystemClock,
};
use testkit::{TestEnvironment, eventually};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::conformance::jobs::{Pay, change, schedule, within};
use crate::conformance::ledger::{Book, Booked, Deposited};

/// Says that something is booked, once it is let go.
struct Held(Arc<Semaphore>);

impl ApplyJob<Pay, MongoDatabase> for Held {
    async fn apply(
        &self,
        _tx: &mut MongoTx,
        job: &Pay,
        context: &JobContext,
        out: &mut EventCollector<'_>,
    ) -> Result<(), JobError> {
        let go = self.0.acquire().await;
        go.map_err(|closed| JobError::GiveUp(closed.to_string()))?
            .forget();
        let booked = Booked {
            account: job.account.clone(),
            balance: 1,
            version: 1,
        };
        out.push(&booked, context.consequence())
            .map_err(|invalid| JobError::GiveUp(invalid.to_string()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_job_says_while_its_service_ends_is_published() {
    let environment = TestEnvironment::new().await;
    let database = environment.database("ledger").await;
    let topics = [Deposited::TOPIC, Booked::TOPIC].map(|topic| TopicSpec::unlimited(topic, 1));
    let go = Arc::new(Semaphore::new(0));
    let jobs = Jobs::new("bank").in_transaction::<Pay, _>(Held(Arc::clone(&go)));
    let (db, clock) = (database.clone(), Arc::new(SystemClock));
    let messaging = Messaging::new("bank", db, environment.kafka(), topics.to_vec(), clock);
    let messaging = messaging.expect("the settings are Kafka's");
    let messaging = messaging
        .with_jobs(jobs, JobSettings::default())
        .expect("each name is registered once");
    let handlers = Subscriptions::new("bank").on::<Deposited, _>(Book::new(database.clone()));
    let (stop, written) = (CancellationToken::new(), CancellationToken::new());
    let nothing = || async { Ok(()) };
    let running = messaging.run(nothing, handlers, stop.clone(), written.clone());
    let running = tokio::spawn(running);

    change(&database, |out| schedule(out, "a", within(-1))).await;
    let running_jobs = async || {
        let counts = database.job_counts().await.expect("it answers");
        counts.running
    };
    eventually("the job runs", || async { running_jobs().await == 1 }).await;
    stop.cancel();
    written.cancel();
    // Nobody else writes any more, and the job still runs.
    go.add_permits(1);
    let ended = tokio::time::timeout(Duration::from_secs(30), running).await;
    let ended = ended.expect("it ends in time").expect("no panic");
    ended.expect("the checkpoints fit");
    let published = environment.records(Booked::TOPIC).await;
    assert_eq!(published.len(), 1, "published before the end");
}
