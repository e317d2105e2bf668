//! Faults that lie in the messages: topics handled again, records written again.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use futures::TryStreamExt;
use host::Role;
use outbox::kafka::{KafkaPublisher, TopicReader};
use outbox::mongo::MongoDatabase;
use outbox::replay::{Replay, ReplayStart};
use outbox::source::Assigned;
use outbox::{InboxStore, Message, MessageContext, Publisher, Record};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::system::System;

/// Everything together, Kafka being away included.
const LIMIT: Duration = Duration::from_secs(45);
/// The most records of a partition that are written again.
const TAIL: i64 = 300;

/// Every service with each topic that it consumes.
pub(super) fn subscriptions() -> Vec<(&'static str, &'static str)> {
    let of = |service: &&dyn Role| {
        let name = service.name();
        let streams = service.contract().subscribes;
        let topics: BTreeSet<&str> = streams.iter().map(|(stream, _)| stream.topic).collect();
        topics.into_iter().map(move |topic| (name, topic))
    };
    quadrille::SERVICES.iter().flat_map(of).collect()
}

/// Lets a service that runs handle up to 3,000 records of each partition of a topic again.
pub(super) async fn replay(system: &System, dice: &mut StdRng) -> anyhow::Result<String> {
    let (service, topic) = *subscriptions()
        .choose(dice)
        .context("no service consumes a topic")?;
    let back: i64 = dice.random_range(50..=3_000);
    tokio::time::timeout(LIMIT, async {
        // MongoDB or Kafka may be away at the moment.
        while rewind(system, service, topic, Some(back)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    })
    .await
    .with_context(|| format!("{service} could not be set back in {topic}"))?;
    Ok(format!("{service} in {topic} by {back}"))
}

/// Sets `service` back by `back` records in each partition of `topic`, or to its beginning.
pub(super) async fn rewind(
    system: &System,
    service: &str,
    topic: &str,
    back: Option<i64>,
) -> anyhow::Result<Replay<MongoDatabase>> {
    let database = system.database(service).await?;
    let reader = TopicReader::new(&system.kafka_options())?.with_patience(Duration::from_secs(10));
    let start = match back {
        None => ReplayStart::Earliest,
        Some(back) => {
            let claims = database.checkpoints(service).await?;
            let of_topic = claims.iter().filter(|claim| claim.at.topic == topic);
            // The topics of this run begin at 0.
            let earlier = of_topic.map(|claim| (claim.at.partition, (claim.next - back).max(0)));
            ReplayStart::Offsets(earlier.collect())
        }
    };
    let replay = Replay::new(database, service, [topic]);
    let plan = replay.plan(topic, reader.ends(topic), &start).await?;
    replay.begin(&plan).await?;
    Ok(replay)
}

/// Appends the last records of each partition of a topic to it once more, as they are, in their
/// order.
pub(super) async fn publish_twice(system: &System, dice: &mut StdRng) -> anyhow::Result<String> {
    let (_, topic) = *subscriptions()
        .choose(dice)
        .context("no service consumes a topic")?;
    let tail = dice.random_range(10..=TAIL);
    let copying = async {
        let records = last_records(system, topic, tail).await?;
        let messages = records
            .iter()
            .map(to_message)
            .collect::<anyhow::Result<Vec<Message>>>()?;
        let publisher = KafkaPublisher::new(&system.kafka_options())?;
        publisher.publish(&messages).await?;
        anyhow::Ok(messages.len())
    };
    let copied = tokio::time::timeout(LIMIT, copying)
        .await
        .with_context(|| format!("{topic} could not be copied in time"))??;
    Ok(format!("{copied} records of {topic}"))
}

/// Up to `tail` records before the end of each partition of `topic`, in their order.
async fn last_records(system: &System, topic: &str, tail: i64) -> anyhow::Result<Vec<Record>> {
    let reader = TopicReader::new(&system.kafka_options())?;
    let ends = reader.ends(topic).await?;
    let from = |held: &Assigned| (held.at.partition, held.low.max(held.high - tail));
    let to = |held: &Assigned| (held.at.partition, held.high);
    let (from, to) = (
        ends.iter().map(from).collect(),
        ends.iter().map(to).collect(),
    );
    Ok(reader.read(topic, &from, &to).try_collect().await?)
}

/// The message that `record` was made of.
fn to_message(record: &Record) -> anyhow::Result<Message> {
    let find = |wanted: &str| {
        let header = record.headers.iter().find(|(name, _)| name == wanted);
        header.and_then(|(_, value)| String::from_utf8(value.clone()).ok())
    };
    let get = |wanted: &'static str| find(wanted).context(wanted);
    Ok(Message {
        id: get("ce_id")?.parse()?,
        topic: record.at.topic.clone(),
        key: record.key.clone().context("no key")?,
        event_type: get("ce_type")?,
        version: get("ce_dataversion")?.parse()?,
        source: get("ce_source")?.trim_start_matches('/').to_owned(),
        time: get("ce_time")?.parse()?,
        aggregate_version: get("ce_aggregateversion")?.parse()?,
        context: MessageContext {
            correlation_id: find("ce_correlationid"),
            causation_id: find("ce_causationid"),
            traceparent: find("traceparent"),
        },
        payload: record.payload.clone(),
    })
}

#[cfg(test)]
mod tests {
    use events::{OrderId, OrderStatus, OrderStatusUpdate};

    use outbox::{Event as _, TopicPartition};

    use super::*;

    #[test]
    fn a_copy_has_the_bytes_and_the_headers_of_the_original() {
        let update = OrderStatusUpdate {
            order_id: OrderId::from_bytes([7; 16]),
            status: OrderStatus::Accepted,
            reason: None,
            version: 1,
        };
        let context = MessageContext {
            causation_id: Some("c".to_owned()),
            ..MessageContext::default()
        };
        let (id, time) = (uuid::Uuid::now_v7(), jiff::Timestamp::now());
        let original = Message::new(id, "products", time, context, &update).unwrap();
        let headers = outbox::cloudevents::headers(&original);
        let record = Record {
            at: TopicPartition::new(OrderStatusUpdate::TOPIC, 0),
            offset: 3,
            timestamp: None,
            key: Some(original.key.clone()),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into_bytes()))
                .collect(),
            payload: original.payload.clone(),
        };
        assert_eq!(to_message(&record).unwrap(), original);
    }
}
