//! What the middleware does around every route.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Request, StatusCode};
use service::config::HttpSettings;
use service::http::{Problem, RequestId, layers};
use service::telemetry;

use crate::support::{self, call};

fn router() -> Router {
    let settings = HttpSettings {
        request_timeout: Duration::from_millis(50),
        ..HttpSettings::default()
    };
    let router = Router::new()
        .route("/id", get(async |id: RequestId| id.to_string()))
        .route(
            "/panic",
            get(async || -> &'static str { panic!("the secret cause") }),
        )
        .route(
            "/cause",
            get(async || Problem::internal(&std::io::Error::other("the secret cause"))),
        )
        .route("/slow", get(std::future::pending::<&'static str>))
        .route("/stream", get(stream))
        .route(
            "/problem",
            get(async || {
                Problem::new(StatusCode::CONFLICT, "conflict", "Taken")
                    .detail("choose another")
                    .with("left", 3)
                    .retry_after(Duration::from_millis(1200))
            }),
        );
    layers(router, "frame-test", &settings)
}

/// Begins at once and ends after the request timeout.
async fn stream() -> Response {
    let chunks = futures::stream::unfold(0, async |n| {
        tokio::time::sleep(Duration::from_millis(30)).await;
        (n < 4).then(|| (Ok::<_, Infallible>(Bytes::from_static(b".")), n + 1))
    });
    Body::from_stream(chunks).into_response()
}

#[tokio::test]
async fn the_request_id_is_the_callers_or_a_new_one() {
    let request = Request::get("/id")
        .header("x-request-id", "mine-1")
        .body(Body::empty())
        .unwrap();
    let answer = call(&router(), request).await;
    assert_eq!(answer.text, "mine-1");
    assert_eq!(answer.headers["x-request-id"], "mine-1");
    let request = Request::get("/id")
        .header("x-request-id", "no good")
        .body(Body::empty())
        .unwrap();
    let answer = call(&router(), request).await;
    assert_eq!(answer.headers["x-request-id"], answer.text.as_str());
    assert_eq!(answer.text.len(), 36);
}

#[tokio::test]
async fn a_problem_has_all_members_and_the_requests_id() {
    let request = Request::get("/problem")
        .header("x-request-id", "mine-2")
        .body(Body::empty())
        .unwrap();
    let answer = call(&router(), request).await;
    assert_eq!(
        answer.problem(),
        ("conflict".to_owned(), "choose another".to_owned())
    );
    assert_eq!(
        answer.json(),
        serde_json::json!({
            "type": "/docs/errors/conflict", "code": "conflict", "title": "Taken", "status": 409,
            "detail": "choose another", "request_id": "mine-2", "left": 3,
        })
    );
    assert_eq!(answer.headers["retry-after"], "2");
}

#[tokio::test]
async fn causes_of_500_stay_in_the_log() {
    for path in ["/panic", "/cause"] {
        let answer = support::get(&router(), path).await;
        assert_eq!(answer.status.as_u16(), 500);
        assert_eq!(answer.problem().0, "internal");
        assert!(!answer.text.contains("secret"), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_late_answer_is_503_and_a_stream_may_go_on() {
    let answer = support::get(&router(), "/slow").await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (503, "timeout")
    );
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(support::get(&router(), "/stream").await.text, "....");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let answer = support::get(&router(), "/nowhere").await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (404, "not-found")
    );
    let answer = support::post(&router(), "/id", "{}").await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem().0.as_str()),
        (405, "method-not-allowed")
    );
    assert_eq!(answer.headers["allow"], "GET,HEAD");
}

#[tokio::test]
async fn no_answer_is_to_be_taken_for_another_type() {
    for path in ["/id", "/nowhere", "/panic", "/slow"] {
        let answer = support::get(&router(), path).await;
        assert_eq!(
            answer.headers["x-content-type-options"], "nosniff",
            "{path}"
        );
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_and_not_by_address() {
    telemetry::install_metrics();
    let router = layers(
        Router::new().route("/things/{id}", get(async || "here")),
        "count-test",
        &HttpSettings::default(),
    );
    for id in 0..3 {
        support::get(&router, &format!("/things/{id}")).await;
    }
    let text = telemetry::metrics_text();
    let line = text
        .lines()
        .find(|line| {
            line.starts_with("http_server_request_duration_seconds_count")
                && line.contains("count-test")
        })
        .unwrap();
    assert!(
        line.contains(r#"http_route="/things/{id}""#)
            && line.contains(r#"http_response_status_code="200""#),
        "{line}"
    );
    assert!(line.ends_with(" 3"), "{line}");
}
