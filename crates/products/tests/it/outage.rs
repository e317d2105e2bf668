//! MongoDB and Kafka away at the start, and later there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use host::{Service, Settings};
use outbox::kafka::{KafkaOptions, KafkaPublisher};
use outbox::{Message, Publisher, SystemClock};
use products::{Products, seed_demo};
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;
use testkit::{eventually, stack};

use crate::fixture::order;

async fn reason(base: &str) -> Option<String> {
    let answer = reqwest::get(format!("{base}/readyz")).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    body["reason"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn the_service_comes_up_alone_and_recovers_by_itself() {
    let servers = stack::private().await;
    let (kafka, mongod) = stack::servers(&servers);
    // Ended in good order, since Kafka takes long to come back from a kill.
    kafka.terminate().await.unwrap();
    mongod.terminate().await.unwrap();
    let settings = Settings {
        http: HttpSettings::on_free_port(),
        mongo: MongoSettings {
            timeout: Duration::from_secs(1),
            ..MongoSettings::new(servers.mongodb_uri(), "products")
        },
        kafka: KafkaSettings::new(servers.kafka_brokers(), ""),
        tokens: TokenSettings::default(),
        ..Default::default()
    };
    let mongo = settings.mongo.clone();
    let lifecycle = Lifecycle::new(Duration::from_secs(8));
    let running = host::start::<Products>(settings, products::Settings::default(), &lifecycle)
        .await
        .unwrap();
    let base = format!("http://{}", running.address);

    assert_eq!(
        reqwest::get(format!("{base}/livez"))
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(reason(&base).await.as_deref(), Some("mongodb"));
    let asked = Instant::now();
    let answer = reqwest::get(format!("{base}/api/products")).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "503 took {:?}",
        asked.elapsed()
    );

    mongod.start().await.unwrap();
    let back = || async { reason(&base).await.as_deref() == Some("kafka") };
    eventually("MongoDB is back in reach", back).await;
    let answer = reqwest::get(format!("{base}/api/products")).await.unwrap();
    assert_eq!(answer.status(), 200, "the catalogue is read without Kafka");

    kafka.start().await.unwrap();
    eventually("all is back in reach", || async {
        reason(&base).await.is_none()
    })
    .await;

    let database = host::connect(Products::NAME, &mongo).await.unwrap();
    host::prepare::<Products>(&database).await.unwrap();
    seed_demo(&database, Arc::new(SystemClock)).await.unwrap();
    let found = products::store::Catalogue::find_by_name(&database, "laptop")
        .await
        .unwrap();
    let laptop = found.unwrap().product_id;
    let placed = order(&[(laptop, 1)]);
    let publisher = KafkaPublisher::new(&KafkaOptions::new(servers.kafka_brokers())).unwrap();
    let message = Message::new(
        placed.id,
        "orders",
        placed.time,
        placed.context.clone(),
        &placed.event,
    );
    publisher.publish(&[message.unwrap()]).await.unwrap();
    let sold = || async {
        let found = products::store::Catalogue::find_by_id(&database, laptop)
            .await
            .unwrap();
        found.unwrap().quantity == 0
    };
    eventually("the order is decided", sold).await;

    // Without its servers it still ends in time.
    kafka.kill().await.unwrap();
    mongod.kill().await.unwrap();
    let ended = Instant::now();
    lifecycle.trigger();
    lifecycle.join().await.unwrap();
    assert!(
        ended.elapsed() < Duration::from_secs(10),
        "the end took {:?}",
        ended.elapsed()
    );
    servers.shutdown().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let http = HttpSettings {
        listen: Some(address),
        ..HttpSettings::default()
    };
    let settings = Settings {
        http,
        ..Settings::default()
    };
    let lifecycle = Lifecycle::new(Duration::from_secs(1));
    let refused = host::start::<Products>(settings, products::Settings::default(), &lifecycle)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        refused.contains(&address.to_string()) && refused.contains("--listen"),
        "{refused}"
    );
    let mongo = MongoSettings::new("nonsense", "products");
    let refused = host::connect(Products::NAME, &mongo).await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("QUADRILLE_MONGODB_URI"), "{refused}");
}
