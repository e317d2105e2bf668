//! What reaches a service, and what comes back.

use serde_json::Value;
use service::token::Role;

use crate::support::{PLACES, Shop};

#[tokio::test]
async fn the_request_arrives_whole_and_without_what_is_not_its_own() {
    for place in PLACES {
        arrives_whole(Shop::at(place).await).await;
    }
}

async fn arrives_whole(shop: Shop) {
    let token = shop.token(Role::User);
    let response = shop
        .post("/api/orders?a=1&b=%20")
        .bearer_auth(&token)
        .header("x-request-id", "mine-1")
        .header("idempotency-key", "k")
        .header("prefer", "wait=3")
        .header("connection", "x-private")
        .header("x-private", "1")
        .header("te", "trailers")
        .header("proxy-authorization", "Basic x")
        .header("x-forwarded-for", "6.6.6.6")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "https")
        .header("cookie", "quadrille_refresh=t")
        .header("origin", "http://shop.example")
        .body(r#"{"products":[]}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["x-request-id"], "mine-1");
    assert_eq!(response.headers()["location"], "/api/orders/1");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["cache-control"], "no-store");
    for hop in [
        "x-hop",
        "keep-alive",
        "connection",
        "strict-transport-security",
    ] {
        assert!(!response.headers().contains_key(hop), "{hop} came back");
    }
    let told: Value = response.json().await.unwrap();
    assert_eq!(
        (&told["path"], &told["bytes"]),
        (&"/api/orders?a=1&b=%20".into(), &15.into())
    );
    let headers = &told["headers"];
    assert_eq!(headers["authorization"], format!("Bearer {token}"));
    assert_eq!(
        (&headers["idempotency-key"], &headers["prefer"]),
        (&"k".into(), &"wait=3".into())
    );
    assert_eq!(headers["x-request-id"], "mine-1");
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(headers["x-forwarded-host"], shop.address.to_string());
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["cookie"], "quadrille_refresh=t");
    assert_eq!(headers["origin"], "http://shop.example");
    assert_eq!(headers["traceparent"].as_str().unwrap().len(), 55);
    for hop in ["x-private", "te", "proxy-authorization", "connection"] {
        assert!(headers.get(hop).is_none(), "{hop} was passed on");
    }
}

#[tokio::test]
async fn a_trace_is_carried_on() {
    let shop = Shop::open().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let response = shop
        .get("/api/products")
        .header("traceparent", trace)
        .send()
        .await
        .unwrap();
    let told: Value = response.json().await.unwrap();
    assert_eq!(told["headers"]["traceparent"], trace);
    assert!(told["headers"]["x-request-id"].as_str().unwrap().len() == 36);
}

#[tokio::test]
async fn what_an_own_proxy_says_is_told_to_the_service() {
    let shop = Shop::with(
        |gate| gate.edge.proxies.trusted_hops = 1,
        axum::Router::new(),
    )
    .await;
    let response = shop
        .get("/api/products")
        .header("x-forwarded-for", "6.6.6.6, 203.0.113.7")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "shop.example")
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.headers()["strict-transport-security"],
        "max-age=31536000"
    );
    let told: Value = response.json().await.unwrap();
    let headers = &told["headers"];
    assert_eq!(headers["x-forwarded-for"], "203.0.113.7");
    assert_eq!(headers["x-forwarded-proto"], "https");
    assert_eq!(headers["x-forwarded-host"], "shop.example");
}

#[tokio::test]
async fn head_is_answered_where_get_is() {
    for place in PLACES {
        let shop = Shop::at(place).await;
        let asked = shop.client.head(shop.url("/api/products"));
        let response = asked.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert!(response.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_path_of_the_services_own_is_asked_for_under_its_name() {
    for place in PLACES {
        let shop = Shop::at(place).await;
        let told = shop.get("/api/orders_health").send().await.unwrap();
        let told: Value = told.json().await.unwrap();
        assert_eq!(
            (&told["service"], &told["path"]),
            (&"orders".into(), &"/readyz".into())
        );
    }
}

#[tokio::test]
async fn probes_answer_for_the_gateway_itself() {
    service::telemetry::install_metrics();
    let shop = Shop::open().await;
    shop.get("/api/products").send().await.unwrap();
    for path in ["/livez", "/readyz"] {
        let body: Value = shop.get(path).send().await.unwrap().json().await.unwrap();
        assert_eq!(body["status"], "ok");
    }
    let metrics = service::telemetry::metrics_text();
    assert!(
        metrics.contains(r#"service="gateway",http_route="/api/products""#),
        "{metrics}"
    );
}
