//! Too much and too often.

use std::convert::Infallible;

use gateway::LimitSettings;
use reqwest::Response;
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
async fn too_many(response: Response, what: &str) {
    assert_eq!(response.status().as_u16(), 429, "{what}");
    let wait = response.headers()["retry-after"].to_str().unwrap();
    assert!(
        (1..=3).contains(&wait.parse::<u32>().unwrap()),
        "{what}: {wait}"
    );
    assert_eq!(problem(response).await.0, "too-many-requests", "{what}");
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_nothing_else_is() {
    let change = limited(|limits| {
        limits.login_limit_per_second = 1;
        limits.login_burst = 3;
    });
    let shop = Shop::with(change, axum::Router::new()).await;
    for _ in 0..3 {
        let response = shop.post("/api/login").send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
    }
    for path in ["/api/login", "/api/register"] {
        too_many(shop.post(path).send().await.unwrap(), path).await;
    }
    for request in [shop.get("/api/products"), shop.post("/api/refresh")] {
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    }
}

#[tokio::test]
async fn going_on_with_logins_has_a_limit_of_its_own() {
    let change = limited(|limits| limits.refresh_limit_per_second = 1);
    let shop = Shop::with(change, axum::Router::new()).await;
    for _ in 0..2 {
        let response = shop.post("/api/refresh").send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
    }
    too_many(shop.post("/api/refresh").send().await.unwrap(), "refresh").await;
    let login = shop.post("/api/login").send().await.unwrap();
    assert_eq!(login.status().as_u16(), 200);
}

#[tokio::test]
async fn the_general_limit_is_each_accounts_own() {
    let change = limited(|limits| limits.rate_limit_per_second = 2);
    let shop = Shop::with(change, axum::Router::new()).await;
    let (one, other) = (shop.token(Role::User), shop.token(Role::User));
    let ask = |token: &str| shop.get("/api/orders").bearer_auth(token).send();
    for _ in 0..4 {
        assert_eq!(ask(&one).await.unwrap().status().as_u16(), 200);
    }
    too_many(ask(&one).await.unwrap(), "the fifth at once").await;
    assert_eq!(ask(&other).await.unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn one_address_has_a_limit_whatever_it_asks_for_and_others_have_theirs() {
    let change = |gate: &mut Gate| {
        limited(|limits| limits.address_limit_per_second = 2)(gate);
        gate.edge.proxies.trusted_hops = 2;
    };
    let shop = Shop::with(change, axum::Router::new()).await;
    let ask = |path: &str, address: &str| {
        let list = format!("6.6.6.6, {address}, 35.191.0.1");
        shop.get(path).header("x-forwarded-for", list).send()
    };
    for path in ["/", "/nowhere", "/api/products", "/docs/"] {
        assert_ne!(
            ask(path, "203.0.113.7").await.unwrap().status().as_u16(),
            429
        );
    }
    for path in ["/", "/nowhere", "/api/products", "/api/admin/operations"] {
        too_many(ask(path, "203.0.113.7:4711").await.unwrap(), path).await;
    }
    for path in ["/livez", "/readyz"] {
        assert_eq!(
            ask(path, "203.0.113.7").await.unwrap().status().as_u16(),
            200
        );
    }
    let other = ask("/api/products", "203.0.113.8").await.unwrap();
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
    let ask = |address: &'static str| {
        shop.get("/api/products")
            .header("x-forwarded-for", address)
            .send()
    };
    for address in ["203.0.113.1", "203.0.113.2"] {
        assert_eq!(ask(address).await.unwrap().status().as_u16(), 200);
    }
    too_many(ask("203.0.113.3").await.unwrap(), "a third invention").await;
}

#[tokio::test]
async fn invalid_tokens_are_counted_and_good_ones_still_pass() {
    let change = limited(|limits| limits.invalid_token_limit_per_second = 1);
    let shop = Shop::with(change, axum::Router::new()).await;
    let ask = |token: String| shop.get("/api/orders").bearer_auth(token).send();
    for _ in 0..2 {
        let refused = ask("nonsense".to_owned()).await.unwrap();
        assert_eq!(refused.status().as_u16(), 401);
    }
    too_many(ask("nonsense".to_owned()).await.unwrap(), "a third one").await;
    let elsewhere = shop.get("/api/admin/operations").bearer_auth("nonsense");
    too_many(elsewhere.send().await.unwrap(), "elsewhere").await;
    let without = shop.get("/api/orders").send().await.unwrap();
    assert_eq!(without.status().as_u16(), 401, "none is no guess");
    let good = ask(shop.token(Role::User)).await.unwrap();
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
