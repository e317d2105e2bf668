//! `quadrille stuck`: an order's way, stopped at each place.

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::Duration;

use bson::doc;
use serde_json::Value;
use testkit::{eventually, eventually_within};

use crate::shop::Shop;

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Shop {
    /// An orders service of its own process, whose Kafka never answers.
    async fn start_orders_without_kafka(&self) -> (Process, String) {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = crate::quadrille(&["serve", "orders"])
            .arg(format!("--listen=127.0.0.1:{port}"))
            .arg(format!("--mongodb-uri={}", self.environment.mongodb_uri()))
            .arg(format!(
                "--mongodb-database={}",
                self.environment.database_name("orders")
            ))
            .arg("--kafka-brokers=127.0.0.1:1")
            .arg(format!(
                "--topic-prefix={}",
                self.environment.topic_prefix()
            ))
            .arg(format!("--jwks-url={}", self.jwks_url()))
            .env("RUST_LOG", "off")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let livez = format!("{url}/livez");
        eventually_within(Duration::from_secs(60), "orders listens", || async {
            reqwest::get(&livez)
                .await
                .is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        (Process(child), url)
    }

    async fn stuck(&self) -> Value {
        let answer = self
            .quadrille(&["stuck", "--older-than=1ms", "--json"])
            .await;
        let found = answer.json();
        assert_eq!(answer.code, i32::from(found["stuck"] != 0), "{found:#}");
        found
    }

    /// Waits until the one stuck order waits for `what`, and gives it.
    async fn waits_for(&self, what: &str) -> Value {
        let kind = |found: &Value| found["orders"][0]["waits_for"] == what;
        eventually(&format!("the order waits for {what}"), || async {
            kind(&self.stuck().await)
        })
        .await;
        let found = self.stuck().await;
        assert_eq!(found["stuck"], 1, "{found:#}");
        found["orders"][0].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_waits_says_what_for() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup"], 5).await;
    assert_eq!(shop.stuck().await["pending"], 0);
    products.stop().await;
    orders.stop().await;

    let (process, url) = shop.start_orders_without_kafka().await;
    let id = shop.order_at(&url, &[("cup", 1)]).await;
    let waiting = shop.waits_for("orders-outbox").await;
    assert_eq!(waiting["order_id"], id);
    // The same as a metric.
    eventually("the metric tells it", || async {
        let metrics = shop.get(&format!("{url}/metrics")).await;
        let age = metrics
            .lines()
            .find(|line| line.starts_with("orders_oldest_pending_seconds"));
        let age = age.and_then(|line| line.split(' ').next_back()?.parse::<f64>().ok());
        metrics.lines().any(|line| line == "orders_pending 1") && age.is_some_and(|age| age > 0.0)
    })
    .await;
    drop(process);

    let orders = shop.start_orders().await;
    let waiting = shop.waits_for("products").await;
    assert_eq!(waiting["behind"], 1, "{waiting:#}");
    let text = shop.quadrille(&["stuck", "--older-than=1ms"]).await;
    assert_eq!(text.code, 1);
    for part in [id.as_str(), "does products run?", "1 orders are PENDING"] {
        assert!(text.stdout.contains(part), "{part}: {}", text.stdout);
    }
    let young = shop
        .quadrille(&["stuck", "--older-than=1h", "--json"])
        .await
        .well();
    assert_eq!((&young["pending"], &young["stuck"]), (&1.into(), &0.into()));
    orders.stop().await;

    let products = shop.start_products().await;
    let waiting = shop.waits_for("orders").await;
    assert_eq!(waiting["behind"], 1, "{waiting:#}");
    let orders = shop.start_orders().await;
    shop.settle().await;
    assert_eq!(shop.stuck().await["stuck"], 0);
    products.stop().await;
    orders.stop().await;

    // Settled before, PENDING by damage: nothing will ever come for it.
    let back = doc! { "$set": { "status": "PENDING" } };
    shop.damage("orders", "orders", &id, back).await;
    let lost = shop.waits_for("lost").await;
    assert!(
        lost["text"].as_str().unwrap().contains("VIOLATION"),
        "{lost:#}"
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_behind_a_dead_letter_names_it() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup"], 5).await;
    let id = shop.order(&orders, &[("cup", 1)]).await;
    shop.settle().await;
    // Its order is there, but what products dead-letters of it is not its first message.
    shop.damage(
        "orders",
        "orders",
        &id,
        doc! { "$set": { "status": "PENDING" } },
    )
    .await;
    let hollow = events::OrderCreate {
        order_id: id.parse().unwrap(),
        customer_id: events::AccountId::from_u128(7),
        lines: Vec::new(),
        total: events::Money::new(0, events::money::DEFAULT_CURRENCY),
        version: 1,
        asks: events::Asks::NOTHING,
    };
    shop.environment
        .publish(&hollow, outbox::MessageContext::default())
        .await;
    let waiting = shop.waits_for("dead-letter").await;
    assert!(
        waiting["letter"]
            .as_str()
            .unwrap()
            .starts_with("products/orders.order.v1/")
    );
    assert!(
        waiting["reason"]
            .as_str()
            .unwrap()
            .contains("asks for nothing"),
        "{waiting:#}"
    );
    let told = shop.quadrille(&["events", &id, "--json"]).await.well();
    assert!(
        told["steps"].to_string().contains("dead-lettered after"),
        "{told:#}"
    );
    products.stop().await;
    orders.stop().await;
    shop.close().await;
}
