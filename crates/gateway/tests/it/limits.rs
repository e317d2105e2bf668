//! Too much and too often.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU8, Ordering};

use futures::future::join_all;
use gateway::LimitSettings;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use service::token::Role;

use crate::support::{Gate, Place, Shop, problem};

const TEN_MEGABYTES: usize = 10 * 1024 * 1024;

#[tokio::test]
async fn ten_megabytes_are_413_announced_or_streamed() {
    let shop = Shop::open().await;
    let order = || shop.post("/api/orders").bearer_auth(shop.token(Role::User));
    let announced = order()
        .body(vec![b'x'; TEN_MEGABYTES])
        .send()
        .await
        .unwrap();
    let chunks = (0..160).map(|_| Ok::<_, Infallible>(vec![b'x'; TEN_MEGABYTES / 160]));
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let streamed = order().body(body).send().await.unwrap();
    for response in [announced, streamed] {
        assert_eq!(response.status().as_u16(), 413);
        let (code, body) = problem(response).await;
        assert_eq!(code, "body-too-large");
        assert_eq!(body["limit_bytes"], 1024 * 1024);
    }
    // The gateway goes on.
    assert_eq!(
        order().body("{}").send().await.unwrap().status().as_u16(),
        200
    );
}

#[tokio::test]
async fn a_service_in_this_process_limits_what_it_reads() {
    let settings = service::config::HttpSettings::default();
    let read =
        axum::routing::post(async |service::http::Json(_): service::http::Json<Value>| "read");
    let orders = axum::Router::new().route("/api/orders", read);
    let orders = service::http::layers(orders, "orders", &settings);
    let here = |gate: &mut Gate| {
        let orders = orders.into();
        gate.shop.in_process.insert("orders", orders);
    };
    let shop = Shop::build(Place::InProcess, here, axum::Router::new()).await;
    let order = || {
        let order = shop.post("/api/orders").bearer_auth(shop.token(Role::User));
        order.header("content-type", "application/json")
    };
    let chunks = (0..160).map(|_| Ok::<_, Infallible>(vec![b' '; TEN_MEGABYTES / 160]));
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let refused = order().body(body).send().await.unwrap();
    assert_eq!(problem(refused).await.0, "body-too-large");
    let taken = order().body("{}").send().await.unwrap();
    assert_eq!(taken.text().await.unwrap(), "read");
}

fn limited(change: impl FnOnce(&mut LimitSettings)) -> impl FnOnce(&mut Gate) {
    |gate| {
        gate.edge.limits = LimitSettings::NONE;
        change(&mut gate.edge.limits);
    }
}

/// A refusal for asking too often, which says when to come back.
async fn assert_too_many(response: Response, what: &str) {
    assert_eq!(response.status().as_u16(), 429, "{what}");
    let wait = response.headers()["retry-after"].to_str().unwrap();
    let wait = wait.to_owned();
    assert!(
        (1..=3).contains(&wait.parse::<u32>().unwrap()),
        "{what}: {wait}"
    );
    let (code, body) = problem(response).await;
    assert_eq!(code, "too-many-requests", "{what}");
    let detail = body["detail"].as_str().unwrap();
    assert!(
        detail.ends_with(&format!("try again in {wait} s")),
        "{detail}"
    );
}

/// Whether asking is refused in the end. More is asked at once than a limit gives back meanwhile,
/// however slow the machine is.
async fn is_limited(what: &str, ask: impl AsyncFn() -> Response) {
    for _ in 0..20 {
        let answers = join_all((0..20).map(|_| ask())).await;
        let refused = |answer: &Response| answer.status().as_u16() == 429;
        if let Some(refused) = answers.into_iter().find(refused) {
            return assert_too_many(refused, what).await;
        }
    }
    panic!("{what} is not limited");
}

/// As many as may come at once are answered with `status`, all of them; more are refused.
async fn is_limited_after(most: usize, status: u16, what: &str, ask: impl AsyncFn() -> Response) {
    for answer in join_all((0..most).map(|_| ask())).await {
        assert_eq!(answer.status().as_u16(), status, "{what}");
    }
    is_limited(what, ask).await;
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_nothing_else_is() {
    let change = limited(|limits| {
        limits.login_limit_per_second = 1;
        limits.login_burst = 3;
    });
    let shop = Shop::with(change, axum::Router::new()).await;
    let login = async || sent(shop.post("/api/login")).await;
    is_limited_after(3, 200, "login", login).await;
    is_limited("registration", async || {
        sent(shop.post("/api/register")).await
    })
    .await;
    for request in [shop.get("/api/products"), shop.post("/api/refresh")] {
        assert_eq!(sent(request).await.status().as_u16(), 200);
    }
}

#[tokio::test]
async fn refreshing_logins_has_a_limit_of_its_own() {
    let change = limited(|limits| limits.refresh_limit_per_second = 1);
    let shop = Shop::with(change, axum::Router::new()).await;
    let refresh = async || sent(shop.post("/api/refresh")).await;
    is_limited_after(2, 200, "refresh", refresh).await;
    assert_eq!(sent(shop.post("/api/login")).await.status().as_u16(), 200);
}

#[tokio::test]
async fn the_general_limit_is_each_accounts_own() {
    let change = limited(|limits| limits.rate_limit_per_second = 2);
    let shop = Shop::with(change, axum::Router::new()).await;
    let (one, other) = (shop.token(Role::User), shop.token(Role::User));
    let ask = async |token: &str| sent(shop.get("/api/orders").bearer_auth(token)).await;
    is_limited_after(4, 200, "one account", async || ask(&one).await).await;
    assert_eq!(ask(&other).await.status().as_u16(), 200);
}

#[tokio::test]
async fn one_address_has_a_limit_whatever_it_asks_for_and_others_have_theirs() {
    let change = |gate: &mut Gate| {
        limited(|limits| limits.address_limit_per_second = 1)(gate);
        gate.edge.proxies.trusted_hops = 2;
    };
    let shop = Shop::with(change, axum::Router::new()).await;
    let ask = async |path: &str, address: &str| {
        let list = format!("6.6.6.6, {address}, 35.191.0.1");
        sent(shop.get(path).header("x-forwarded-for", list)).await
    };
    let one = "203.0.113.7";
    is_limited_after(2, 200, "an address", async || ask("/docs/", one).await).await;
    for path in ["/", "/nowhere", "/api/products", "/api/admin/operations"] {
        is_limited(path, async || ask(path, "203.0.113.7:4711").await).await;
    }
    for path in ["/livez", "/readyz"] {
        for answer in join_all((0..20).map(|_| ask(path, one))).await {
            assert_eq!(answer.status().as_u16(), 200, "{path}");
        }
    }
    let other = ask("/api/products", "203.0.113.8").await;
    assert_eq!(other.status().as_u16(), 200);
}

#[tokio::test]
async fn an_address_that_nobody_vouches_for_is_the_peers() {
    let change = |gate: &mut Gate| {
        limited(|limits| limits.address_limit_per_second = 1)(gate);
        gate.edge.proxies.trusted_hops = 1;
        gate.edge.proxies.trusted_networks = vec!["10.0.0.0/8".parse().unwrap()];
    };
    let shop = Shop::with(change, axum::Router::new()).await;
    let count = AtomicU8::new(0);
    // Another one each time.
    let invented = async || {
        let last = count.fetch_add(1, Ordering::Relaxed);
        let address = format!("203.0.113.{last}");
        sent(shop.get("/api/products").header("x-forwarded-for", address)).await
    };
    is_limited_after(2, 200, "inventions", invented).await;
}

#[tokio::test]
async fn invalid_tokens_are_counted_and_good_ones_still_pass() {
    let change = limited(|limits| limits.invalid_token_limit_per_second = 1);
    let shop = Shop::with(change, axum::Router::new()).await;
    let ask = async |path: &str, token: &str| sent(shop.get(path).bearer_auth(token)).await;
    let nonsense = async || ask("/api/orders", "nonsense").await;
    is_limited_after(2, 401, "an invalid token", nonsense).await;
    let elsewhere = async || ask("/api/admin/operations", "nonsense").await;
    is_limited("elsewhere", elsewhere).await;
    let without = sent(shop.get("/api/orders")).await;
    assert_eq!(without.status().as_u16(), 401, "none is no guess");
    let good = ask("/api/orders", &shop.token(Role::User)).await;
    assert_eq!(good.status().as_u16(), 200);
}

#[test]
fn there_are_limits_without_any_setting() {
    let limits = LimitSettings::default();
    for limit in [
        limits.rate_limit_per_second,
        limits.address_limit_per_second,
        limits.login_limit_per_second,
        limits.refresh_limit_per_second,
        limits.invalid_token_limit_per_second,
    ] {
        assert_ne!(limit, 0, "{limits:?}");
    }
}
