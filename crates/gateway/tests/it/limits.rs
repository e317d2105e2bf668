//! Too much and too often.

use std::convert::Infallible;

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

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_nothing_else_is() {
    let shop = Shop::with(
        |settings| {
            settings.login_limit_per_second = 1;
            settings.login_burst = 3;
        },
        axum::Router::new(),
    )
    .await;
    for _ in 0..3 {
        assert_eq!(
            shop.post("/api/login")
                .send()
                .await
                .unwrap()
                .status()
                .as_u16(),
            200
        );
    }
    for path in ["/api/login", "/api/register", "/api/refresh"] {
        let refused = shop.post(path).send().await.unwrap();
        assert_eq!(refused.status().as_u16(), 429, "{path}");
        let wait: u32 = refused.headers()["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((1..=3).contains(&wait));
        assert_eq!(problem(refused).await.0, "too-many-requests");
    }
    assert_eq!(
        shop.get("/api/products")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn the_general_limit_is_each_accounts_own() {
    let shop = Shop::with(
        |settings| settings.rate_limit_per_second = 2,
        axum::Router::new(),
    )
    .await;
    let (one, other) = (shop.token(Role::User), shop.token(Role::User));
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let response = shop
            .get("/api/orders")
            .bearer_auth(&one)
            .send()
            .await
            .unwrap();
        statuses.push(response.status().as_u16());
    }
    assert_eq!(statuses[0], 200);
    assert!(statuses.contains(&429), "{statuses:?}");
    let response = shop
        .get("/api/orders")
        .bearer_auth(&other)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 200);
}
