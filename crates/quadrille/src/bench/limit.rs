//! `quadrille bench --limit`: what MongoDB and Kafka alone allow.
//!
//! The documents and messages of an order's whole life, written through the services' own
//! stores and the real publisher, so many orders in each transaction, with nothing around
//! them: no HTTP, no consumers, no reads and no decisions. What the shop settles is held
//! against this value.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use outbox::kafka::{KafkaAdmin, KafkaOptions, KafkaPublisher};

use super::run::progress;
use super::shop::Servers;
use super::worker::Worker;

/// As many workers as keep two cores busy; each has a product and checkpoints of its own, so
/// that they do not wait for each other.
const WORKERS: u64 = 3;

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
    let mut workers = Vec::new();
    for number in 0..WORKERS {
        let publisher = Some(KafkaPublisher::new(&kafka)?);
        workers.push(Worker::open(number, &order_db, &product_db, publisher, batch).await?);
    }
    let bar = progress(orders, "straight to the servers");
    let began = Instant::now();
    let running = workers
        .into_iter()
        .map(|worker| worker.run(orders / WORKERS, bar.clone()));
    try_join_all(running).await?;
    bar.finish_and_clear();
    Ok(began.elapsed())
}
