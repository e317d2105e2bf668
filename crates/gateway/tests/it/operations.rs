//! `GET /api/admin/operations`

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use gateway::{Choreography, Published, ServicePart, Topic};
use service::lifecycle::Lifecycle;
use service::token::Role;

use crate::support::{Gate, NOBODY, Shop, problem, upstream};

const PATH: &str = "/api/admin/operations";

fn choreography() -> Choreography {
    let part = |name: &str, publishes| ServicePart {
        name: name.to_owned(),
        publishes,
        subscribes: Vec::new(),
        jobs: vec!["send-email".to_owned()],
    };
    let said = Published {
        event: "OrderCreate".to_owned(),
        topic: "orders.order.v1".to_owned(),
    };
    Choreography {
        services: vec![
            part("auth", vec![]),
            part("orders", vec![said]),
            part("later", vec![]),
        ],
        topics: vec![Topic {
            name: "orders.order.v1".to_owned(),
            writer: "orders".to_owned(),
            key: "order id".to_owned(),
            partitions: 6,
            keeps: "every record".to_owned(),
        }],
    }
}

fn metrics() -> Router {
    let text = "outbox_published_total{shard=\"orders\"} 7\norders_placed_total 9\n";
    Router::new()
        .route("/metrics", get(async move || text))
        .route("/readyz", get(async || "ok"))
}

async fn shop() -> Shop {
    Shop::with(|gate| gate.shop.choreography = choreography(), metrics()).await
}

/// What an admin sees.
async fn seen(shop: &Shop) -> serde_json::Value {
    let response = shop
        .get(PATH)
        .bearer_auth(shop.token(Role::Admin))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.json().await.unwrap()
}

#[tokio::test]
async fn an_admin_sees_contracts_and_metrics() {
    let shop = shop().await;
    let body = seen(&shop).await;
    let orders = &body["services"][1];
    assert_eq!(orders["name"], "orders");
    assert_eq!(orders["publishes"][0]["topic"], "orders.order.v1");
    assert_eq!(orders["jobs"][0], "send-email");
    assert_eq!(
        (&orders["instances"], &orders["ready"]),
        (&1.into(), &1.into())
    );
    assert_eq!(orders["metrics"]["published_total"], 7.0);
    assert_eq!(body["orders"]["placed"], 9.0);
    assert_eq!(body["topics"][0]["partitions"], 6);
    // A service that the gateway has no address of.
    assert_eq!(body["services"][2]["instances"], 0);
    assert!(body["services"][2].get("metrics").is_none());
}

#[tokio::test]
async fn a_service_that_is_away_has_no_metrics() {
    let away = |gate: &mut Gate| {
        gate.shop.choreography = choreography();
        gate.moved("orders", NOBODY);
    };
    let shop = Shop::with(away, metrics()).await;
    let body = seen(&shop).await;
    assert_eq!(body["services"][1]["ready"], 0);
    assert!(body["services"][1].get("metrics").is_none());
    assert!(body.get("orders").is_none());
}

#[tokio::test]
async fn metrics_are_read_from_their_own_port() {
    // The service itself is away; only what its metrics' port says is seen.
    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    let own = upstream(&lifecycle, metrics()).await;
    let moved = |gate: &mut Gate| {
        gate.shop.choreography = choreography();
        gate.http.metrics_listen = Some(own);
        gate.moved("orders", NOBODY);
        gate.upstream_metrics = Some(gateway::Addresses::of(
            quadrille::names().into_iter().map(|name| (name, own)),
        ));
    };
    let shop = Shop::with(moved, Router::new()).await;
    let body = seen(&shop).await;
    let orders = &body["services"][1];
    assert_eq!(
        (&orders["instances"], &orders["ready"]),
        (&1.into(), &0.into())
    );
    assert_eq!(orders["metrics"]["published_total"], 7.0);
    assert_eq!(body["orders"]["placed"], 9.0);
    lifecycle.trigger();
}

#[tokio::test]
async fn the_gateways_own_metrics_are_never_on_the_public_port() {
    let own_port = |gate: &mut Gate| {
        gate.http.metrics_listen = Some(([127, 0, 0, 1], 1).into());
    };
    for shop in [
        Shop::open().await,
        Shop::with(own_port, Router::new()).await,
    ] {
        let (code, _) = problem(shop.get("/metrics").send().await.unwrap()).await;
        assert_eq!(code, "not-found");
    }
}

#[tokio::test]
async fn others_are_refused() {
    let shop = shop().await;
    let (code, _) = problem(shop.get(PATH).send().await.unwrap()).await;
    assert_eq!(code, "unauthorized");
    let user = shop
        .get(PATH)
        .bearer_auth(shop.token(Role::User))
        .send()
        .await
        .unwrap();
    assert_eq!(problem(user).await.0, "forbidden");
    let posted = shop
        .post(PATH)
        .bearer_auth(shop.token(Role::Admin))
        .send()
        .await
        .unwrap();
    assert_eq!(problem(posted).await.0, "method-not-allowed");
}
