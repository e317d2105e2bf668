//! How long 10,000 due jobs take, and what a look costs while none or a million wait; on a real
//! MongoDB.
//!
//! `cargo bench -p outbox --bench jobs`
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that can't go on has failed"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, Document, doc};
use outbox::jobs::{ApplyJob, JobSettings};
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::{
    EventCollector, Job, JobContext, JobError, JobRunner, JobStore, Jobs, RunJob, SystemClock,
};
use serde::{Deserialize, Serialize};
use testkit::TestEnvironment;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const DUE: u64 = 10_000;
const WAITING: u64 = 1_000_000;
const LOOKS: u32 = 500;

#[derive(Serialize, Deserialize)]
struct Nothing(u64);

impl Job for Nothing {
    const NAME: &'static str = "nothing";
}

#[derive(Clone, Default)]
struct Count(Arc<AtomicU64>);

impl RunJob<Nothing> for Count {
    async fn run(&self, _job: &Nothing, _context: &JobContext) -> Result<(), JobError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl ApplyJob<Nothing, MongoDatabase> for Count {
    async fn apply(
        &self,
        _tx: &mut MongoTx,
        _job: &Nothing,
        _context: &JobContext,
        _out: &mut EventCollector<'_>,
    ) -> Result<(), JobError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Puts `count` jobs into the table that are due in so many seconds, past any transaction.
async fn fill(database: &MongoDatabase, from: u64, count: u64, seconds: i64) {
    let due = DateTime::from_millis(DateTime::now().timestamp_millis() + seconds * 1_000);
    let row = |number: u64| {
        let bytes = number.to_string().into_bytes();
        let payload = Binary {
            subtype: BinarySubtype::Generic,
            bytes,
        };
        doc! {
            "_id": format!("nothing:{number}"), "name": Nothing::NAME, "state": "waiting",
            "at": due, "due": due, "scheduled_at": due, "attempts": 0, "payload": payload,
        }
    };
    let jobs = database.database().collection::<Document>("jobs");
    let numbers: Vec<u64> = (from..from + count).collect();
    for part in numbers.chunks(20_000) {
        let rows = part.iter().copied().map(row);
        jobs.insert_many(rows).ordered(false).await.unwrap();
    }
}

/// Drains `DUE` jobs with what `jobs` registers.
async fn drain(what: &str, database: &MongoDatabase, jobs: Jobs<MongoDatabase>, done: &Count) {
    let stop = CancellationToken::new();
    let clock = Arc::new(SystemClock);
    let settings = JobSettings::default();
    let runner = JobRunner::new(database.clone(), jobs, clock, settings).unwrap();
    let began = Instant::now();
    let running = tokio::spawn(runner.run(stop.clone()));
    while done.0.load(Ordering::Relaxed) < DUE {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.cancel();
    running.await.unwrap();
    let took = began.elapsed();
    assert_eq!(done.0.swap(0, Ordering::Relaxed), DUE);
    #[expect(clippy::cast_precision_loss, reason = "a rate to be read")]
    let rate = DUE as f64 / took.as_secs_f64();
    println!("{DUE} due jobs, {what}: {took:.1?}, {rate:.0}/s");
}

/// The time of a look that finds nothing due.
async fn look(database: &MongoDatabase, waiting: u64) {
    let began = Instant::now();
    for _ in 0..LOOKS {
        let taken = database.take(Uuid::now_v7(), 16, Duration::from_secs(10));
        assert!(taken.await.unwrap().jobs.is_empty());
    }
    let each = began.elapsed() / LOOKS;
    let began = Instant::now();
    for _ in 0..LOOKS / 10 {
        database.job_counts().await.unwrap();
    }
    let count = began.elapsed() / (LOOKS / 10);
    println!(
        "{waiting} waiting jobs: {each:.1?} a look (each second), {count:.1?} a count (each 10 s)"
    );
}

#[tokio::main]
async fn main() {
    let environment = TestEnvironment::new().await;
    let database = environment.database("jobs").await;
    look(&database, 0).await;
    let done = Count::default();
    fill(&database, 0, DUE, -1).await;
    let outside = Jobs::new("bench").on::<Nothing, _>(done.clone());
    drain("reaching outside", &database, outside, &done).await;
    fill(&database, DUE, DUE, -1).await;
    let inside = Jobs::new("bench").in_transaction::<Nothing, _>(done.clone());
    drain("in transactions", &database, inside, &done).await;
    fill(&database, 2 * DUE, WAITING, 3_600).await;
    look(&database, WAITING).await;
    fill(&database, 2 * DUE + WAITING, DUE, -1).await;
    let outside = Jobs::new("bench").on::<Nothing, _>(done.clone());
    drain("beside a million that wait", &database, outside, &done).await;
}
