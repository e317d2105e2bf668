//! The whole service, one instance and two, on the real Kafka.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use events::{OrderStatus, OrderStatusUpdate, ProductCreate, ProductsQuantityUpdate, topics};
use host::Settings;
use outbox::kafka::KafkaPublisher;
use outbox::{Envelope, Event, Message, OutboxStore, Publisher};
use products::Products;
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;
use service::token::Role;
use testkit::eventually;

use crate::fixture::{Shop, order};
use testkit::Signer;

pub(crate) fn settings(shop: &Shop, jwks_url: &str) -> Settings {
    let environment = &shop.environment;
    Settings {
        http: HttpSettings::on_free_port(),
        mongo: MongoSettings::new(
            environment.mongodb_uri(),
            &environment.database_name("products"),
        ),
        kafka: KafkaSettings {
            session_timeout: Duration::from_secs(6),
            ..KafkaSettings::new(environment.kafka_brokers(), &environment.topic_prefix())
        },
        tokens: TokenSettings::new(jwks_url),
        ..Default::default()
    }
}

async fn run(settings: Settings, lifecycle: &Lifecycle) -> host::Running<products::http::Api> {
    host::start::<Products>(settings, products::Settings::default(), lifecycle)
        .await
        .unwrap()
}

pub(crate) async fn start(shop: &Shop) -> Lifecycle {
    let lifecycle = Lifecycle::new(Duration::from_secs(10));
    run(settings(shop, "http://127.0.0.1:1/"), &lifecycle).await;
    lifecycle
}

pub(crate) async fn publish(shop: &Shop, orders: &[Envelope<events::OrderCreate>]) {
    let publisher = KafkaPublisher::new(&shop.environment.kafka()).unwrap();
    let message = |order: &Envelope<events::OrderCreate>| {
        Message::new(
            order.id,
            "orders",
            order.time,
            order.context.clone(),
            &order.event,
        )
        .unwrap()
    };
    let messages: Vec<Message> = orders.iter().map(message).collect();
    publisher.publish(&messages).await.unwrap();
}

pub(crate) async fn statuses(shop: &Shop) -> Vec<Envelope<OrderStatusUpdate>> {
    shop.environment.read::<OrderStatusUpdate>().await
}

#[tokio::test]
async fn orders_in_decisions_out() {
    let shop = Shop::open().await;
    shop.environment.topics(topics::ALL).await;
    let cup = shop.product("cup", 30).await.product_id;
    let lifecycle = start(&shop).await;
    let orders: Vec<_> = (0..40).map(|_| order(&[(cup, 1)])).collect();
    publish(&shop, &orders).await;

    eventually("every order has a decision", || async {
        statuses(&shop).await.len() >= 40
    })
    .await;
    // The same orders once more, as after a producer's retry or a replay.
    publish(&shop, &orders).await;
    eventually("every decision is published again", || async {
        statuses(&shop).await.len() >= 80
    })
    .await;

    let published = statuses(&shop).await;
    let mut by_order: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for update in &published {
        let what = (update.id, update.event.status == OrderStatus::Accepted);
        by_order
            .entry(update.event.order_id)
            .or_default()
            .insert(what);
    }
    assert_eq!(by_order.len(), 40);
    assert!(
        by_order.values().all(|published| published.len() == 1),
        "an order has two decisions"
    );
    let accepted = by_order
        .values()
        .flatten()
        .filter(|(_, accepted)| *accepted)
        .count();
    assert_eq!(accepted, 30);
    let placed = orders
        .iter()
        .find(|order| order.event.order_id == published[0].event.order_id);
    assert_eq!(
        published[0].context.correlation_id,
        placed.unwrap().context.correlation_id
    );

    // The product's own topic begins with its creation and ends with its present state.
    assert_eq!(shop.environment.read::<ProductCreate>().await.len(), 1);
    let mut states = shop.environment.read::<ProductsQuantityUpdate>().await;
    let versions: Vec<u64> = states
        .iter()
        .map(|published| published.event.product.version)
        .collect();
    assert!(
        versions.is_sorted(),
        "versions of one product are out of order: {versions:?}"
    );
    assert_eq!(states.pop().unwrap().event.product, shop.state(cup).await);

    lifecycle.trigger();
    lifecycle.join().await.unwrap();
    assert_eq!(
        shop.database.backlog().await.unwrap().records,
        0,
        "the outbox is not empty"
    );
}

#[tokio::test]
async fn two_instances_share_the_orders_and_one_may_leave() {
    let shop = Shop::open().await;
    shop.environment.topics(topics::ALL).await;
    let cup = shop.product("cup", 100).await.product_id;
    let (first, second) = (start(&shop).await, start(&shop).await);
    let mut orders = Vec::new();
    for round in 0..4 {
        let batch: Vec<_> = (0..60).map(|_| order(&[(cup, 1)])).collect();
        publish(&shop, &batch).await;
        orders.extend(batch);
        if round == 1 {
            let enough = orders.len() / 2;
            eventually("half is decided", || async {
                statuses(&shop).await.len() >= enough
            })
            .await;
            first.trigger();
        }
    }
    first.join().await.unwrap();
    let decided = || async {
        let published: BTreeSet<_> = statuses(&shop)
            .await
            .iter()
            .map(|update| update.event.order_id)
            .collect();
        published.len() == orders.len()
    };
    eventually("every order is decided", decided).await;
    let published = statuses(&shop).await;
    let accepted: BTreeSet<_> = published
        .iter()
        .filter(|update| update.event.status == OrderStatus::Accepted)
        .map(|update| update.event.order_id)
        .collect();
    assert_eq!(accepted.len(), 100);
    assert_eq!(shop.state(cup).await.quantity, 0);
    assert_eq!(shop.documents().await["reservations"].len(), orders.len());
    second.trigger();
    second.join().await.unwrap();
}

#[tokio::test]
async fn the_service_answers_and_says_what_is_added() {
    let shop = Shop::open().await;
    let signer = Signer::new();
    let keys = signer.publish().await;
    let lifecycle = Lifecycle::new(Duration::from_secs(10));
    let settings = settings(&shop, &format!("http://{keys}/jwks.json"));
    let running = run(settings, &lifecycle).await;
    let (client, base) = (
        reqwest::Client::new(),
        format!("http://{}", running.address),
    );
    let status = |path: &'static str| {
        let request = client.get(format!("{base}{path}"));
        async move { request.send().await.unwrap().status() }
    };
    eventually("it is ready", || async { status("/readyz").await == 200 }).await;
    assert_eq!(status("/livez").await, 200);
    assert_eq!(status("/metrics").await, 200);
    let body = serde_json::json!({ "product": {
        "name": "lamp", "description": "d", "price": 1, "quantity": 1, "categories": ["things"],
    } });
    let made = client
        .post(format!("{base}/api/products"))
        .bearer_auth(signer.token(Role::Admin, 600))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let published = || async { shop.environment.read::<ProductCreate>().await.len() == 1 };
    eventually("the product is said", published).await;
    assert_eq!(ProductCreate::TOPIC, topics::PRODUCTS);
    lifecycle.trigger();
    lifecycle.join().await.unwrap();
}
