//! The browser's way: `X-Session: cookie`

use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::server::{PASSWORD, Server, problem};

const OWN: &str = "http://localhost:8080";

fn ask(server: &Server, path: &str, origin: Option<&str>) -> RequestBuilder {
    let request = server
        .request(Method::POST, path)
        .header("x-session", "cookie")
        .header("x-forwarded-host", "localhost:8080");
    match origin {
        Some(origin) => request.header(ORIGIN, origin),
        None => request,
    }
}

async fn log_in(server: &Server, origin: Option<&str>) -> Response {
    let body = json!({ "email": "a@b.com", "password": PASSWORD });
    ask(server, "/api/login", origin)
        .json(&body)
        .send()
        .await
        .unwrap()
}

async fn with_cookie(server: &Server, path: &str, cookie: &str) -> Response {
    let request = ask(server, path, Some(OWN)).header(COOKIE, format!("theme=dark; {cookie}"));
    request.send().await.unwrap()
}

/// The cookie's name and value, once its attributes are checked.
fn cookie(response: &Response) -> String {
    let set = response.headers()[SET_COOKIE].to_str().unwrap();
    let (pair, attributes) = set.split_once("; ").unwrap();
    for wanted in [
        "Path=/api",
        "HttpOnly",
        "Secure",
        "SameSite=Strict",
        "Max-Age=",
    ] {
        assert!(attributes.contains(wanted), "{attributes}");
    }
    pair.to_owned()
}

async fn has_no_refresh_token(response: Response) {
    let body: Value = response.json().await.unwrap();
    assert!(
        body["access_token"].is_string() && body["expires_in"] == 900,
        "{body}"
    );
    assert!(
        body.get("refresh_token").is_none(),
        "a script could read it"
    );
}

#[tokio::test]
async fn a_login_is_kept_renewed_and_ended_in_a_cookie() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let response = log_in(&server, Some(OWN)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let first = cookie(&response);
    assert!(first.starts_with("quadrille_refresh="));
    has_no_refresh_token(response).await;

    let response = with_cookie(&server, "/api/refresh", &first).await;
    assert_eq!(response.status(), StatusCode::OK);
    let second = cookie(&response);
    assert_ne!(first, second);
    has_no_refresh_token(response).await;

    let response = with_cookie(&server, "/api/logout", &second).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(cookie(&response), "quadrille_refresh=");
    let refused = with_cookie(&server, "/api/refresh", &second).await;
    assert_eq!(
        cookie(&refused),
        "quadrille_refresh=",
        "what is of no use is taken away"
    );
    problem(refused, 401, "invalid-refresh-token").await;
}

#[tokio::test]
async fn another_sites_page_is_refused_and_nothing_changes() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let kept = cookie(&log_in(&server, Some(OWN)).await);
    let before = server.everything().await;
    for origin in [Some("https://evil.example"), Some("null"), None] {
        problem(log_in(&server, origin).await, 403, "forbidden").await;
        for path in ["/api/refresh", "/api/logout"] {
            let request = ask(&server, path, origin).header(COOKIE, &kept);
            problem(request.send().await.unwrap(), 403, "forbidden").await;
        }
    }
    assert_eq!(server.everything().await, before);
}

#[tokio::test]
async fn without_a_cookie_there_is_nothing_to_refresh_or_to_end() {
    let server = Server::start().await;
    let refused = ask(&server, "/api/refresh", Some(OWN))
        .send()
        .await
        .unwrap();
    problem(refused, 401, "invalid-refresh-token").await;
    let ended = ask(&server, "/api/logout", Some(OWN)).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_cookie_counts_only_where_it_was_asked_for() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let kept = cookie(&log_in(&server, Some(OWN)).await);
    let before = server.everything().await;
    let plain = server
        .request(Method::POST, "/api/refresh")
        .header(COOKIE, &kept);
    let refused = plain.json(&json!({})).send().await.unwrap();
    problem(refused, 422, "invalid-body").await;
    assert_eq!(server.everything().await, before);
}

#[tokio::test]
async fn over_tls_the_cookie_is_this_hosts_alone() {
    let server = Server::start().await;
    server.register("a@b.com").await;
    let ask = |path: &str, cookie: &str| {
        server
            .request(Method::POST, path)
            .header("x-session", "cookie")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", "shop.example:443")
            .header(ORIGIN, "https://shop.example")
            .header(COOKIE, cookie)
    };
    let body = json!({ "email": "a@b.com", "password": PASSWORD });
    let login = ask("/api/login", "").json(&body).send().await.unwrap();
    assert_eq!(login.status(), StatusCode::OK);
    let set = login.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(set.starts_with("__Host-quadrille_refresh="), "{set}");
    for attribute in ["; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(set.contains(attribute), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let kept = set.split(';').next().unwrap();
    // Another host of the domain can set a cookie of this name, but not of the other.
    let tossed = kept.replace("__Host-", "");
    let refused = ask("/api/refresh", &tossed).send().await.unwrap();
    problem(refused, 401, "invalid-refresh-token").await;
    let refreshed = ask("/api/refresh", kept).send().await.unwrap();
    assert_eq!(refreshed.status(), StatusCode::OK);
    let kept = refreshed.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    let kept = kept.split(';').next().unwrap();
    let ended = ask("/api/logout", kept).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    let gone = ended.headers()[SET_COOKIE].to_str().unwrap();
    assert!(
        gone.starts_with("__Host-quadrille_refresh=; Max-Age=0; Path=/;"),
        "{gone}"
    );
}
