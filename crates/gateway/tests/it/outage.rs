//! A service that is away, slow or breaks off, and comes back.

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use service::http::{bind, serve};
use service::lifecycle::Lifecycle;
use service::token::Role;
use tokio::io::AsyncReadExt;

use crate::support::{Shop, problem};

#[tokio::test]
async fn a_service_that_is_away_is_503_by_name_and_is_found_when_it_is_back() {
    let listener = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let shop = Shop::with(|gate| gate.moved("products", address), Router::new()).await;
    for path in ["/api/products", "/api/products_health"] {
        let response = shop.get(path).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 503, "{path}");
        assert!(response.headers().contains_key("retry-after"));
        let (code, body) = problem(response).await;
        assert_eq!(
            (code.as_str(), &body["service"]),
            ("unavailable", &"products".into())
        );
    }
    // Others are not touched by it.
    assert_eq!(
        shop.get("/api/orders_health")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        200
    );

    let lifecycle = Lifecycle::new(Duration::from_secs(1));
    let back = Router::new().route("/api/products", get(async || "back"));
    lifecycle.spawn(
        "products",
        serve(
            bind(address).await.unwrap(),
            back.clone(),
            lifecycle.shutdown(),
        ),
    );
    assert_eq!(
        shop.get("/api/products")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "back"
    );

    // Gone and back again: the kept connections are dead and must not hurt.
    lifecycle.trigger();
    lifecycle.join().await.unwrap();
    assert_eq!(
        shop.get("/api/products")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        503
    );
    let lifecycle = Lifecycle::new(Duration::from_secs(1));
    lifecycle.spawn(
        "products",
        serve(bind(address).await.unwrap(), back, lifecycle.shutdown()),
    );
    assert_eq!(
        shop.get("/api/products")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "back"
    );
    lifecycle.trigger();
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_503_by_name() {
    let slow = Router::new().route("/api/orders", post(std::future::pending::<&'static str>));
    let timeout = Duration::from_millis(100);
    let shop = Shop::with(|settings| settings.http.request_timeout = timeout, slow).await;
    let response = shop
        .post("/api/orders")
        .bearer_auth(shop.token(Role::User))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 503);
    assert!(response.headers().contains_key("retry-after"));
    let (code, body) = problem(response).await;
    assert_eq!(
        (code.as_str(), &body["service"]),
        ("timeout", &"orders".into())
    );
    assert!(
        body["detail"]
            .as_str()
            .unwrap()
            .contains("may have taken effect")
    );
}

#[tokio::test]
async fn a_service_that_breaks_off_is_503_and_says_that_it_may_have_happened() {
    let listener = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let shop = Shop::with(|gate| gate.moved("orders", address), Router::new()).await;
    let broken = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = [0; 64];
        stream.read_exact(&mut read).await.unwrap();
    });
    let response = shop
        .post("/api/orders")
        .bearer_auth(shop.token(Role::User))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 503);
    let (code, body) = problem(response).await;
    assert_eq!(code, "unavailable");
    assert!(
        body["detail"]
            .as_str()
            .unwrap()
            .contains("may have taken effect"),
        "{body}"
    );
    broken.await.unwrap();
}

#[tokio::test]
async fn without_auth_an_unknown_key_is_503_and_the_catalogue_is_open() {
    let gone = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let nobody = gone.local_addr().unwrap();
    drop(gone);
    let keys = format!("http://{nobody}/.well-known/jwks.json");
    let shop = Shop::with(|settings| settings.tokens.jwks_url = keys, Router::new()).await;
    let response = shop
        .get("/api/orders")
        .bearer_auth(shop.token(Role::User))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 503);
    let (code, body) = problem(response).await;
    assert_eq!(
        (code.as_str(), &body["service"]),
        ("unavailable", &"auth".into())
    );
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
