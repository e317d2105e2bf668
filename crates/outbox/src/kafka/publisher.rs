//! Sends messages, in order, and waits for every confirmation.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use tokio::sync::Notify;

use super::KafkaOptions;
use super::client_log::ClientLog;
use crate::cloudevents;
use crate::message::Message;
use crate::publisher::{PublishError, Publisher};

type Sender = ThreadedProducer<Deliveries>;

/// An idempotent producer: `acks=all`, retried for ever, in order.
pub struct KafkaPublisher {
    options: KafkaOptions,
    /// Replaced after a fault: what an old one still has in its queue must not overtake.
    sender: Mutex<Arc<Sender>>,
}

impl KafkaPublisher {
    /// Nothing is contacted yet.
    ///
    /// # Errors
    /// When a setting is not one of Kafka's.
    pub fn new(options: &KafkaOptions) -> Result<Self, KafkaError> {
        let sender = Mutex::new(Arc::new(sender(options)?));
        Ok(Self {
            options: options.clone(),
            sender,
        })
    }

    fn current(&self) -> Arc<Sender> {
        Arc::clone(&self.sender.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, failed: &Arc<Sender>) {
        failed.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
        match sender(&self.options) {
            Ok(fresh) => {
                *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
            }
            Err(error) => tracing::warn!(%error, "the producer could not be made anew"),
        }
    }

    async fn send(&self, sender: &Sender, messages: &[Message]) -> Result<(), PublishError> {
        let flight = Arc::new(Flight::new(messages.len()));
        for message in messages {
            let topic = format!("{}{}", self.options.topic_prefix, message.topic);
            let mut record = BaseRecord::with_opaque_to(&topic, Arc::clone(&flight))
                .key(&message.key)
                .payload(&message.payload)
                .timestamp(message.time.as_millisecond())
                .headers(to_headers(message));
            while let Err((error, refused)) = sender.send(record) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(PublishError {
                        topic: message.topic.clone(),
                        reason: error.to_string(),
                    });
                }
                // Deliveries make room; there is nothing to be told of it by.
                tokio::time::sleep(Duration::from_millis(2)).await;
                record = refused;
            }
        }
        flight.landed().await
    }
}

impl Publisher for KafkaPublisher {
    async fn publish(&self, messages: &[Message]) -> Result<(), PublishError> {
        if messages.is_empty() {
            return Ok(());
        }
        let sender = self.current();
        let mut unfinished = Unfinished(Some((self, &sender)));
        self.send(&sender, messages).await?;
        unfinished.0 = None;
        Ok(())
    }
}

/// A call that failed, or was given up: what it has left in the queue must not be sent
/// after what the next call sends.
struct Unfinished<'a>(Option<(&'a KafkaPublisher, &'a Arc<Sender>)>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some((publisher, sender)) = self.0 {
            publisher.replace(sender);
        }
    }
}

fn sender(options: &KafkaOptions) -> Result<Sender, KafkaError> {
    options
        .client()
        .set("enable.idempotence", "true")
        .set("acks", "all")
        // Once a batch is refused for good the client would go on with those behind it, which
        // would overtake. Like this it gives up, and all are sent again by another.
        .set("enable.gapless.guarantee", "true")
        // Never given up: the outbox has nowhere else to put it.
        .set("message.timeout.ms", "0")
        // The same partition as Java's clients choose.
        .set("partitioner", "murmur2_random")
        .set("compression.codec", options.compression.name())
        // The client's own default is below what brokers take by theirs, and below what the
        // outbox has accepted.
        .set("message.max.bytes", "1048588")
        // A round goes as one request for each partition. Without it a first message would go alone
        // and the rest behind it, and their order would rest on what both sides make of a fault
        // between the two.
        .set("linger.ms", "1")
        .set("batch.num.messages", "10000")
        .create_with_context(Deliveries::default())
}

fn to_headers(message: &Message) -> OwnedHeaders {
    let headers = cloudevents::headers(message);
    let empty = OwnedHeaders::new_with_capacity(headers.len());
    headers.iter().fold(empty, |all, (key, value)| {
        all.insert(Header {
            key,
            value: Some(value.as_str()),
        })
    })
}

/// The messages of one call that are on their way.
struct Flight {
    left: AtomicUsize,
    failed: Mutex<Option<PublishError>>,
    done: Notify,
}

impl Flight {
    fn new(messages: usize) -> Self {
        Self {
            left: AtomicUsize::new(messages),
            failed: Mutex::new(None),
            done: Notify::new(),
        }
    }

    /// Waits until all are confirmed, or the first is not: a client that gave up for good may never
    /// report what it still has in its queue.
    async fn landed(&self) -> Result<(), PublishError> {
        // One waiter, and the permit is kept if the notification comes first.
        self.done.notified().await;
        match self
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }
}

/// Counts deliveries. A callback costs half of what a future for each message does.
#[derive(Default)]
struct Deliveries {
    log: ClientLog,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        ClientLog::line(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.log.fault(&error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Arc<Flight>;

    fn delivery(&self, result: &DeliveryResult<'_>, flight: Arc<Flight>) {
        if let Err((error, message)) = result {
            let mut failed = flight.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert_with(|| PublishError {
                topic: message.topic().to_owned(),
                reason: error.to_string(),
            });
            flight.done.notify_one();
        }
        if flight.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            flight.done.notify_one();
        }
    }
}
