//! What is malformed is refused with a clear sentence, and changes nothing.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::eventually;

use crate::server::{PASSWORD, Server, problem};

const JSON: &str = "application/json";

fn bodies() -> Vec<(&'static str, Value)> {
    let credentials = json!({ "email": "new@b.com", "password": PASSWORD });
    let token = json!({ "refresh_token": "A".repeat(64) });
    vec![
        ("/api/register", credentials.clone()),
        ("/api/login", credentials),
        ("/api/refresh", token.clone()),
        ("/api/logout", token),
    ]
}

async fn send(server: &Server, path: &str, kind: Option<&str>, body: String) -> reqwest::Response {
    let mut request = server.request(Method::POST, path).body(body);
    if let Some(kind) = kind {
        request = request.header(CONTENT_TYPE, kind);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn malformed_bodies() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let before = server.everything().await;
    for (path, good) in bodies() {
        let (field, _) = good.as_object().unwrap().iter().next().unwrap();
        let hollow = format!("{{\"{field}\": }}");
        let good = good.to_string();
        let cut = &good[..good.len() - 1];
        for body in ["", "{", "nonsense", cut, &hollow, "\u{0}"] {
            let response = send(&server, path, Some(JSON), body.to_owned()).await;
            problem(response, 400, "malformed-json").await;
        }
        let missing = send(&server, path, None, String::new()).await;
        problem(missing, 400, "malformed-json").await;
        for kind in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
        ] {
            let response = send(&server, path, kind, good.clone()).await;
            problem(response, 415, "unsupported-media-type").await;
        }
        let huge = json!({ "email": "x".repeat(10_000_000) }).to_string();
        let response = send(&server, path, Some(JSON), huge).await;
        problem(response, 413, "body-too-large").await;
    }
    assert_eq!(server.everything().await, before);
}

#[tokio::test]
async fn wrong_types_missing_and_unknown_fields() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let before = server.everything().await;
    for (path, good) in bodies() {
        for body in [json!([]), json!("text"), json!(null), json!(17), json!({})] {
            problem(server.post(path, &body).await, 422, "invalid-body").await;
        }
        for field in good.as_object().unwrap().keys() {
            let mut missing = good.clone();
            missing.as_object_mut().unwrap().remove(field);
            let refused = problem(server.post(path, &missing).await, 422, "invalid-body").await;
            assert!(
                refused["detail"].as_str().unwrap().contains(field.as_str()),
                "{refused}"
            );
            for value in [
                json!(null),
                json!(1),
                json!(true),
                json!([]),
                json!({ "$ne": null }),
            ] {
                let mut wrong = good.clone();
                wrong[field] = value;
                let refused = problem(server.post(path, &wrong).await, 422, "invalid-body").await;
                assert!(
                    refused["detail"].as_str().unwrap().contains(field.as_str()),
                    "{refused}"
                );
            }
        }
        let mut unknown = good.clone();
        unknown["more"] = json!(1);
        let refused = problem(server.post(path, &unknown).await, 422, "invalid-body").await;
        assert!(
            refused["detail"].as_str().unwrap().contains("more"),
            "{refused}"
        );
    }
    assert_eq!(server.everything().await, before);
}

#[tokio::test]
async fn wrong_methods_and_paths() {
    let server = Server::start().await;
    for (path, _) in bodies() {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let response = server.request(method, path).send().await.unwrap();
            assert_eq!(response.headers()["allow"], "POST");
            problem(response, 405, "method-not-allowed").await;
        }
    }
    let response = server.post("/.well-known/jwks.json", &json!({})).await;
    problem(response, 405, "method-not-allowed").await;
    for path in [
        "/",
        "/api",
        "/api/register/",
        "/api/accounts",
        "/.well-known",
    ] {
        problem(server.get(path).await, 404, "not-found").await;
    }
}

#[tokio::test]
async fn health_and_metrics_answer() {
    let server = Server::start().await;
    eventually("the service is ready", || async {
        server.get("/readyz").await.status() == StatusCode::OK
    })
    .await;
    for path in ["/livez", "/readyz"] {
        let response = server.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["status"], "ok", "{path}");
    }
    assert_eq!(server.get("/metrics").await.status(), StatusCode::OK);
}
