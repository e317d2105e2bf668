//! Probes are cheap, name what is out of reach and recover.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use service::health::Health;

use crate::support::get;

#[tokio::test]
async fn a_service_without_checks_lives_and_is_ready() {
    let router: Router = Health::new().routes();
    for path in ["/livez", "/readyz"] {
        let answer = get(&router, path).await;
        assert_eq!(answer.status.as_u16(), 200);
        assert_eq!(answer.json()["status"], "ok");
    }
    assert_eq!(get(&router, "/metrics").await.status.as_u16(), 200);
}

#[tokio::test]
async fn what_is_out_of_reach_is_named_and_its_cause_is_not() {
    let health = Health::new()
        .check("kafka", async || Ok::<(), io::Error>(()))
        .check("mongodb", async || Err(io::Error::other("password wrong")));
    let answer = get(&health.routes(), "/readyz").await;
    assert_eq!(answer.status.as_u16(), 503);
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "status": "unavailable", "reason": "mongodb", "detail": "mongodb is out of reach",
            "checks": {"kafka": "ok", "mongodb": "unavailable"},
        })
    );
}

#[tokio::test]
async fn what_is_out_of_reach_is_logged_once_however_often_a_probe_asks() {
    let (log, writer) = io::pipe().unwrap();
    let lines = tracing_subscriber::fmt().with_ansi(false);
    let lines = lines.with_writer(Arc::new(writer)).finish();
    let logging = tracing::subscriber::set_default(lines);
    let health = Health::new().check("store", async || Err::<(), _>("down"));
    let settings = service::config::HttpSettings::default();
    let router: Router = service::http::layers(health.routes(), "shop", &settings);
    for _ in 0..20 {
        assert_eq!(get(&router, "/readyz").await.status.as_u16(), 503);
    }
    drop(logging);
    let logged = io::read_to_string(log).unwrap();
    let warnings: Vec<_> = logged
        .lines()
        .filter(|line| line.contains("WARN"))
        .collect();
    assert!(
        matches!(&warnings[..], [one] if one.contains("store") && one.contains("down")),
        "{logged}"
    );
}

#[tokio::test]
async fn an_outcome_is_shared_for_a_second_and_then_asked_again() {
    let (calls, well) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (counted, answer) = (Arc::clone(&calls), Arc::clone(&well));
    let health = Health::new().check("store", move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let well = answer.load(Ordering::SeqCst);
        async move { if well { Ok(()) } else { Err("down") } }
    });
    let probes: Vec<_> = (0..50).map(|_| health.readiness()).collect();
    let outcomes = futures::future::join_all(probes).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.reason == Some("store"))
    );
    assert_eq!(calls.load(Ordering::SeqCst), 1);

    well.store(true, Ordering::SeqCst);
    let deadline = Instant::now() + Duration::from_secs(5);
    while health.readiness().await.reason.is_some() {
        assert!(Instant::now() < deadline, "never recovered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_check_that_hangs_counts_as_failed() {
    let health = Health::new().check("store", std::future::pending::<Result<(), &str>>);
    let begun = Instant::now();
    assert_eq!(health.readiness().await.reason, Some("store"));
    assert!(begun.elapsed() < Duration::from_secs(4));
}
