//! A shop that an older build left is carried over: see `tests/older_build/README.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use events::{AccountUpdate, OrderCreate, OrderStatus, OrderUpdate};
use outbox::kafka::KafkaPublisher;
use outbox::{Message, MessageContext, Publisher};
use serde_json::Value;
use testkit::TestEnvironment;

use crate::migrate::migrate;
use crate::shop::{Shop, answer, command, make_topics};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/older_build")
}

/// A record of the older build's topics, as it is published again.
fn message(line: &str) -> Message {
    let record: Value = serde_json::from_str(line).unwrap();
    let header = |name: &str| record["headers"][name].as_str();
    let text = |name: &str| header(name).unwrap().to_owned();
    Message {
        id: text("ce_id").parse().unwrap(),
        topic: record["topic"].as_str().unwrap().to_owned(),
        key: text("ce_subject"),
        event_type: text("ce_type"),
        version: text("ce_dataversion").parse().unwrap(),
        source: text("ce_source").trim_start_matches('/').to_owned(),
        time: text("ce_time").parse().unwrap(),
        aggregate_version: text("ce_aggregateversion").parse().unwrap(),
        context: MessageContext {
            correlation_id: header("ce_correlationid").map(str::to_owned),
            causation_id: header("ce_causationid").map(str::to_owned),
            traceparent: header("traceparent").map(str::to_owned),
        },
        payload: record["value"].to_string().into_bytes(),
    }
}

/// The topics with their records, and the databases restored.
async fn as_it_was_left(environment: &TestEnvironment) {
    make_topics(environment).await;
    let topics = std::fs::read_to_string(folder().join("topics.jsonl")).unwrap();
    let messages: Vec<Message> = topics.lines().map(message).collect();
    let publisher = KafkaPublisher::new(&environment.kafka()).unwrap();
    for message in messages {
        // One by one: each partition has them in their order.
        publisher.publish(&[message]).await.unwrap();
    }
    let backup = folder().join("backup");
    for service in ["auth", "products", "orders"] {
        let restore = ["restore", backup.to_str().unwrap(), "--service", service];
        let restored = command(environment, &restore).output().await.unwrap();
        let restored = answer(&restored);
        assert_eq!(restored.code, 0, "{}{}", restored.stdout, restored.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_of_an_older_build_is_carried_over() {
    let environment = TestEnvironment::new().await;
    as_it_was_left(&environment).await;
    let said = migrate(&environment, "auth", &[]);
    assert!(said.contains("auth will publish 3 events."), "{said}");
    let said = migrate(&environment, "orders", &[]);
    assert!(said.contains("orders will publish 12 events."), "{said}");
    let said = migrate(&environment, "products", &[]);
    let kept: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("Left as it was"))
        .collect();
    assert_eq!(
        kept.len(),
        2,
        "two pairs of names are one by today's rule: {said}"
    );

    // Demo users have their addresses as passwords.
    let shop = Shop::open_in(environment, "admin@admin.com").await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    let purchases = shop.start_purchases().await;
    let placed = shop.order(&orders, &[("chair", 1), ("cutlery", 1)]).await;
    shop.settle().await;
    let audit = shop.quadrille(&["audit", "--json"]).await.well();
    assert_eq!(audit["differences"], serde_json::json!([]), "{audit}");

    let accounts = shop.environment.read::<AccountUpdate>().await;
    let mut emails: Vec<String> = accounts
        .into_iter()
        .map(|update| update.event.email.unwrap())
        .collect();
    emails.sort();
    let known = ["aaa@aaa.com", "admin@admin.com", "old@example.com"];
    assert_eq!(emails, known);
    let created = shop.environment.read::<OrderCreate>().await;
    assert_eq!(created.len(), 13, "12 of the older build, and a new one");
    let mut outcomes = BTreeMap::new();
    for update in shop.environment.read::<OrderUpdate>().await {
        assert_eq!(update.event.version, 2);
        let status = (update.event.order_id.to_string(), update.event.status);
        assert_eq!(outcomes.insert(status.0, status.1), None, "told once");
    }
    assert_eq!(outcomes.len(), created.len());
    let rejected = |status: &&OrderStatus| **status == OrderStatus::Rejected;
    assert_eq!(outcomes.values().filter(rejected).count(), 3);
    assert_eq!(outcomes[&placed], OrderStatus::Accepted);
    for service in [purchases, orders, products] {
        service.stop().await;
    }
    shop.close().await;
}
