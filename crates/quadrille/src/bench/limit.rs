//! `quadrille bench --limit`: what MongoDB and Kafka alone allow.
//!
//! The documents and messages of an order's whole life, written through the services' own
//! stores and the real publisher, so many orders in each transaction, with nothing around
//! them: no HTTP, no consumers, no reads and no decisions. What the shop settles is held
//! against this figure.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use outbox::kafka::{KafkaAdmin, KafkaOptions, KafkaPublisher};

use super::lane::Lane;
use super::run::progress;
use super::shop::Servers;

/// As many lanes as keep two cores busy; each has a product and checkpoints of its own, so
/// that they do not wait for each other.
const LANES: u64 = 3;

/// Writes `orders` orders, `batch` in each transaction; says how long it took.
pub(super) async fn run(
    servers: &Servers,
    name: &str,
    orders: u64,
    batch: usize,
) -> anyhow::Result<Duration> {
    let (order_db, product_db) = servers.databases(name).await?;
    let kafka = KafkaOptions {
        topic_prefix: format!("{name}."),
        ..KafkaOptions::new(&servers.kafka_brokers)
    };
    let topics: Vec<_> = events::topics::ALL
        .iter()
        .map(events::topics::Topic::spec)
        .collect();
    KafkaAdmin::new(&kafka)?.ensure_topics(&topics).await?;
    let mut lanes = Vec::new();
    for number in 0..LANES {
        let publisher = Some(KafkaPublisher::new(&kafka)?);
        lanes.push(Lane::open(number, &order_db, &product_db, publisher, batch).await?);
    }
    let bar = progress(orders, "straight to the servers");
    let began = Instant::now();
    let running = lanes
        .into_iter()
        .map(|lane| lane.run(orders / LANES, bar.clone()));
    try_join_all(running).await?;
    bar.finish_and_clear();
    Ok(began.elapsed())
}
