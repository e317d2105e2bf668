//! Soft, then hard; a failing task ends the process.

use std::io;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use service::http;
use service::lifecycle::Lifecycle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

type Done = Result<(), io::Error>;

#[tokio::test]
async fn a_task_that_obeys_the_soft_signal_ends_without_the_hard_one() {
    let lifecycle = Lifecycle::new(Duration::from_mins(1));
    let soft = lifecycle.shutdown().soft();
    lifecycle.spawn("obedient", async move {
        soft.cancelled().await;
        Done::Ok(())
    });
    lifecycle.trigger();
    lifecycle.join().await.unwrap();
    assert!(!lifecycle.shutdown().hard().is_cancelled());
}

#[tokio::test]
async fn the_hard_signal_follows_the_grace_period_and_cuts_off_the_deaf() {
    let lifecycle = Lifecycle::new(Duration::from_millis(50));
    let shutdown = lifecycle.shutdown();
    lifecycle.spawn("slow", async move {
        shutdown.hard().cancelled().await;
        assert!(shutdown.soft().is_cancelled());
        Done::Ok(())
    });
    lifecycle.spawn("deaf", std::future::pending::<Done>());
    let begun = Instant::now();
    lifecycle.trigger();
    lifecycle.join().await.unwrap();
    assert!(lifecycle.shutdown().hard().is_cancelled());
    assert!(
        begun.elapsed() >= Duration::from_millis(50),
        "no grace was given"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn an_error_stops_the_others_and_is_reported_with_its_cause() {
    let lifecycle = Lifecycle::new(Duration::from_mins(1));
    let soft = lifecycle.shutdown().soft();
    lifecycle.spawn("other", async move {
        soft.cancelled().await;
        Done::Ok(())
    });
    lifecycle.spawn("relay", async {
        Done::Err(io::Error::other("broker gone"))
    });
    let failed = lifecycle.join().await.unwrap_err();
    assert_eq!(
        (failed.task.as_str(), failed.reason.as_str()),
        ("relay", "broker gone")
    );
}

#[tokio::test]
async fn a_panic_is_a_failure() {
    let lifecycle = Lifecycle::new(Duration::from_mins(1));
    lifecycle.spawn("inbox", async {
        let batch: Vec<u8> = Vec::new();
        assert!(!batch.is_empty(), "impossible batch");
        Done::Ok(())
    });
    let failed = lifecycle.join().await.unwrap_err();
    assert_eq!(failed.to_string(), "inbox ended: impossible batch");
}

#[tokio::test]
async fn a_request_in_flight_is_answered_after_the_soft_signal() {
    let lifecycle = Lifecycle::new(Duration::from_mins(1));
    let (shutdown, soft) = (lifecycle.shutdown(), lifecycle.shutdown().soft());
    let entered = tokio_util::sync::CancellationToken::new();
    let inside = entered.clone();
    let router = axum::Router::new().route(
        "/",
        axum::routing::get(async move || {
            inside.cancel();
            soft.cancelled().await;
            "finished"
        }),
    );
    let listener = http::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.local_addr().unwrap();
    lifecycle.spawn("http", http::serve(listener, router, shutdown));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    entered.cancelled().await;
    lifecycle.trigger();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("finished"),
        "{answer}"
    );
    lifecycle.join().await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_call_from_this_process_is_answered_after_the_soft_signal_and_a_later_one_refused() {
    let lifecycle = Lifecycle::new(Duration::from_mins(1));
    let (shutdown, soft) = (lifecycle.shutdown(), lifecycle.shutdown().soft());
    let (entered, go_on) = (CancellationToken::new(), CancellationToken::new());
    let (inside, held) = (entered.clone(), go_on.clone());
    let router = axum::Router::new().route(
        "/",
        axum::routing::get(async move || {
            inside.cancel();
            held.cancelled().await;
            "finished"
        }),
    );
    let router = router.route("/now", axum::routing::get(async || "now"));
    let routes = http::InProcess::from(router);
    let listener = http::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let mut served = tokio::spawn(http::serve(listener, routes.clone(), shutdown));
    let caller = routes.clone();
    let called = tokio::spawn(async move { caller.call(Request::default()).await });
    entered.cancelled().await;
    lifecycle.trigger();
    soft.cancelled().await;
    // The listener has nobody to wait for; the service waits for the call.
    let now = || Request::get("/now").body(Body::empty()).unwrap();
    let refused = async {
        while routes.call(now()).await.status() != 503 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = refused => {}
        ended = &mut served => panic!("ended before the call: {ended:?}"),
    }
    go_on.cancel();
    let answer = called.await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), 100).await;
    assert_eq!(body.unwrap(), "finished");
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_taken_address_is_named_with_the_way_out() {
    let taken = http::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = http::bind(address).await.unwrap_err().to_string();
    assert!(
        error.contains(&address.to_string()) && error.contains("--listen"),
        "{error}"
    );
}
