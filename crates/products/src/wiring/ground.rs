//! What the service stands on: its tables and its topics.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use events::topics::{self, Retention};
use outbox::kafka::{KafkaAdmin, TopicSpec};
use tokio_util::sync::CancellationToken;

use crate::CONTRACT;
use crate::store::{ShopDatabase, prepare};

/// What has to be there before events can flow: tables and topics.
#[derive(Clone, Default)]
pub(super) struct Ground {
    tables: Arc<AtomicBool>,
    topics: Arc<AtomicBool>,
    both: CancellationToken,
}

impl Ground {
    /// For a health check: whether the tables are made.
    pub(super) fn has_tables(&self) -> Result<(), String> {
        made(&self.tables, "the tables are not made yet")
    }

    /// For a health check: whether the topics are made.
    pub(super) fn has_topics(&self) -> Result<(), String> {
        made(&self.topics, "the topics are not made yet")
    }

    /// Makes them, for as long as it takes.
    pub(super) async fn prepare(
        &self,
        database: &ShopDatabase,
        admin: &KafkaAdmin,
        stop: &CancellationToken,
    ) {
        let specs = topic_specs();
        let tables = persist("tables", stop, || prepare(database));
        let topics = persist("topics", stop, || admin.ensure_topics(&specs));
        let tables = async {
            let made = tables.await;
            self.tables.store(made, Ordering::Release);
            made
        };
        let topics = async {
            let made = topics.await;
            self.topics.store(made, Ordering::Release);
            made
        };
        if let (true, true) = tokio::join!(tables, topics) {
            self.both.cancel();
        }
    }

    /// Waits for them; `false` when it is time to stop instead.
    pub(super) async fn ready(&self, stop: &CancellationToken) -> bool {
        tokio::select! {
            () = self.both.cancelled() => true,
            () = stop.cancelled() => false,
        }
    }
}

fn made(flag: &AtomicBool, otherwise: &str) -> Result<(), String> {
    if flag.load(Ordering::Acquire) {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}

/// Tries until it works; `false` when it is time to stop instead.
async fn persist<F, E>(what: &str, stop: &CancellationToken, mut attempt: impl FnMut() -> F) -> bool
where
    F: Future<Output = Result<(), E>>,
    E: std::fmt::Display,
{
    let mut wait = Duration::from_millis(200);
    loop {
        let outcome = tokio::select! {
            outcome = attempt() => outcome,
            () = stop.cancelled() => return false,
        };
        let Err(fault) = outcome else { return true };
        tracing::warn!(service = CONTRACT.service, what, %fault, "not made yet; trying again");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return false,
        }
        wait = (wait * 2).min(Duration::from_secs(2));
    }
}

/// The topics that the service speaks and hears on, and where it parks what it can't apply.
fn topic_specs() -> Vec<TopicSpec> {
    let heard: BTreeSet<&str> = CONTRACT
        .subscribes
        .iter()
        .map(|(stream, _)| stream.topic)
        .collect();
    let spoken: BTreeSet<&str> = CONTRACT
        .publishes
        .iter()
        .map(|stream| stream.topic)
        .collect();
    let mut specs = Vec::new();
    for topic in topics::ALL {
        if heard.contains(topic.name) || spoken.contains(topic.name) {
            specs.push(match topic.retention {
                Retention::Unlimited => TopicSpec::unlimited(topic.name, topic.partitions),
                Retention::Compacted => TopicSpec::compacted(topic.name, topic.partitions),
            });
        }
        if heard.contains(topic.name) {
            specs.push(TopicSpec::dead_letters(
                topic.name,
                CONTRACT.service,
                topic.partitions,
            ));
        }
    }
    specs
}
