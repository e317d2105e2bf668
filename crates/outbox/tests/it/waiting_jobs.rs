//! Jobs that wait, and those that have ended, cost nothing to look past: what MongoDB itself says
//! that it reads.

use std::time::Duration;

use bson::{DateTime, Document, doc};
use futures::TryStreamExt as _;
use outbox::JobStore as _;
use outbox::mongo::MongoDatabase;
use testkit::TestEnvironment;
use uuid::Uuid;

use crate::conformance::jobs::{change, schedule, within};

/// Rows in `state` that are due in an hour.
async fn fill(database: &MongoDatabase, state: &str, rows: i32) {
    let at = DateTime::from_millis(DateTime::now().timestamp_millis() + 3_600_000);
    let row = |number: i32| {
        let mut row = doc! { "_id": format!("{state}:{number}"), "name": "pay", "state": state };
        if state == "waiting" {
            row.insert("at", at);
            row.insert("due", at);
            row.insert("attempts", 0);
        } else {
            row.insert("ended_at", at);
        }
        row
    };
    let all = database.database().collection::<Document>("jobs");
    let filled = all.insert_many((0..rows).map(row)).await;
    filled.expect("it answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_that_wait_or_have_ended_are_not_read() {
    let environment = TestEnvironment::new().await;
    let database = environment.database("jobs").await;
    fill(&database, "waiting", 20_000).await;
    fill(&database, "done", 20_000).await;
    change(&database, |out| schedule(out, "due", within(-1))).await;
    let profile = async |level: i32| {
        let set = doc! { "profile": level, "slowms": 0 };
        let set = database.database().run_command(set).await;
        set.expect("it answers");
    };
    profile(2).await;
    let taken = database
        .take(Uuid::now_v7(), 16, Duration::from_secs(60))
        .await;
    assert_eq!(taken.expect("it answers").jobs.len(), 1);
    let taken = database
        .take(Uuid::now_v7(), 16, Duration::from_secs(60))
        .await;
    assert_eq!(taken.expect("it answers").jobs.len(), 0);
    let counts = database.job_counts().await.expect("it answers");
    profile(0).await;
    assert_eq!((counts.waiting, counts.running, counts.due), (10_000, 1, 0));

    let ours = doc! { "ns": format!("{}.jobs", database.database().name()) };
    let seen = database.database().collection::<Document>("system.profile");
    let seen: Vec<Document> = seen
        .find(ours)
        .await
        .expect("it answers")
        .try_collect()
        .await
        .expect("it answers");
    let idle_checks: Vec<&Document> = seen
        .iter()
        .filter(|entry| entry.get_str("op").is_ok_and(|op| op != "command"))
        .collect();
    assert!(idle_checks.len() >= 5, "{seen:#?}");
    for entry in &seen {
        let plan = entry.get_str("planSummary").unwrap_or_default();
        assert!(!plan.contains("COLLSCAN"), "{entry:#?}");
        assert!(entry.get_bool("hasSortStage").is_err(), "{entry:#?}");
    }
    for look in idle_checks {
        let read = look.get_i32("docsExamined").unwrap_or_default();
        let keys = look.get_i32("keysExamined").unwrap_or_default();
        assert!(read <= 16 && keys <= 40, "{look:#?}");
    }
}
