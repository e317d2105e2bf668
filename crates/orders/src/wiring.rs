//! Puts the service together: the only place where adapters are made.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use events::topics::{self, Retention};
use events::{OrderStatusUpdate, ProductCreate, ProductsQuantityUpdate};
use outbox::kafka::{KafkaAdmin, KafkaOptions, KafkaPublisher, KafkaSource, TopicSpec};
use outbox::mongo::{MongoDatabase, MongoOptions};
use outbox::{Clock, Inbox, InboxSettings, Relay, RelaySettings, Subscriptions, SystemClock};
use secrecy::ExposeSecret;
use service::health::Health;
use service::lifecycle::{Lifecycle, Shutdown};
use service::token::Verifier;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::commands::GroupCommit;
use crate::handlers::{OnOrderStatusUpdate, OnProductCreate, OnProductsQuantityUpdate};
use crate::http::{Api, Parts};
use crate::live::Hub;
use crate::settings::{DEFAULT_DATABASE, DEFAULT_PORT};
use crate::store::{self, MongoOrders};
use crate::{CONTRACT, SERVICE, Settings};

/// How long to wait before something that is out of reach is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// The service runs.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
}

/// Why the service can't start or had to stop.
#[derive(Debug, Error)]
pub enum Error {
    /// The address is taken or not this machine's.
    #[error(transparent)]
    Listen(std::io::Error),
    /// MongoDB's address can't be read.
    #[error("the MongoDB settings are wrong (--mongodb-uri, QUADRILLE_MONGODB_URI): {0}")]
    Mongo(outbox::StoreError),
    /// A setting that Kafka's client refuses.
    #[error("the Kafka settings are wrong (--kafka-brokers, QUADRILLE_KAFKA_BROKERS): {0}")]
    Kafka(Box<dyn std::error::Error + Send + Sync>),
    /// The inbox can't go on without losing or inventing events.
    #[error(transparent)]
    Inbox(outbox::inbox::InboxError),
}

/// The long-running parts, each with its end.
struct Machinery {
    database: MongoDatabase,
    kafka: KafkaOptions,
    clock: Arc<dyn Clock>,
    writers: JoinSet<()>,
    closing: CancellationToken,
}

/// Starts the service on `lifecycle`. Comes back once it listens; the database and the broker may be
/// out of reach still: `/readyz` says so, and it goes on by itself once they are there.
///
/// # Errors
/// When a setting is wrong or the address can't be listened on.
pub async fn start(settings: Settings, lifecycle: &Lifecycle) -> Result<Running, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let name = settings
        .mongo
        .database
        .as_deref()
        .unwrap_or(DEFAULT_DATABASE);
    let options = MongoOptions {
        pool_size: settings.mongo.pool_size,
        timeout: settings.mongo.timeout,
    };
    let database = MongoDatabase::connect(settings.mongo.uri.expose_secret(), name, options)
        .await
        .map_err(Error::Mongo)?;
    let kafka = KafkaOptions {
        brokers: settings.kafka.brokers.clone(),
        topic_prefix: settings.kafka.topic_prefix.clone(),
        client_id: SERVICE.to_owned(),
        session_timeout: settings.kafka.session_timeout,
    };
    let admin = KafkaAdmin::new(&kafka).map_err(|error| Error::Kafka(error.into()))?;
    let listener = service::http::bind(settings.http.listen_or(DEFAULT_PORT))
        .await
        .map_err(Error::Listen)?;
    let address = listener.local_addr().map_err(Error::Listen)?;

    let closing = CancellationToken::new();
    let (intake, writers) = GroupCommit::start(
        database.clone(),
        clock.clone(),
        settings.batch.clone(),
        &closing,
    );
    let hub = Hub::default();
    let orders = MongoOrders::new(database.clone());
    let shutdown = lifecycle.shutdown();
    let (live, feed, soft) = (hub.clone(), orders.clone(), shutdown.soft());
    lifecycle.spawn("orders-live", async move {
        live.run(feed, soft).await;
        Ok::<_, Error>(())
    });
    let api = Api::new(Parts {
        intake,
        orders,
        hub,
        verifier: Verifier::new(&settings.tokens),
        clock: clock.clone(),
    });
    let health = health(&database, &admin);
    let router = crate::http::router(api, &health);
    let router = service::http::layers(router, SERVICE, &settings.http);
    let machinery = Machinery {
        database,
        kafka,
        clock,
        writers,
        closing,
    };
    lifecycle.spawn(SERVICE, machinery.run(listener, router, admin, shutdown));
    tracing::info!(%address, "orders listens");
    Ok(Running { address })
}

fn health(database: &MongoDatabase, admin: &KafkaAdmin) -> Health {
    let (database, admin) = (database.clone(), admin.clone());
    Health::new()
        .check("mongodb", move || {
            let database = database.clone();
            async move { database.ping().await }
        })
        .check("kafka", move || {
            let admin = admin.clone();
            async move { admin.ping().await }
        })
}

impl Machinery {
    /// Runs everything, and ends it in the order in which work flows: requests, what they queued,
    /// what others say, what is still to be said.
    async fn run(
        mut self,
        listener: TcpListener,
        router: axum::Router,
        admin: KafkaAdmin,
        shutdown: Shutdown,
    ) -> Result<(), Error> {
        let (stop_inbox, stop_relay) = (CancellationToken::new(), CancellationToken::new());
        let messages = tokio::spawn(messages(
            self.database,
            self.kafka,
            self.clock,
            admin,
            stop_inbox.clone(),
            stop_relay.clone(),
        ));
        tokio::pin!(messages);
        let http = service::http::serve(listener, router, shutdown);
        // Either ends first: requests at the soft signal, messages only by a fault.
        let served = tokio::select! {
            served = http => served.map_err(Error::Listen),
            failed = &mut messages => return joined(failed),
        };
        self.closing.cancel();
        while self.writers.join_next().await.is_some() {}
        stop_inbox.cancel();
        // The relay gets the inbox's last batch too, so it is stopped by `messages` afterwards.
        let messages = joined(messages.await);
        stop_relay.cancel();
        served.and(messages)
    }
}

fn joined(outcome: Result<Result<(), Error>, tokio::task::JoinError>) -> Result<(), Error> {
    match outcome {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => Ok(()),
        },
    }
}

/// Prepares tables and topics, as long as it takes, then runs relay and inbox until `stop_inbox`,
/// and the relay a little longer.
async fn messages(
    database: MongoDatabase,
    kafka: KafkaOptions,
    clock: Arc<dyn Clock>,
    admin: KafkaAdmin,
    stop_inbox: CancellationToken,
    stop_relay: CancellationToken,
) -> Result<(), Error> {
    let prepare = async {
        until_ok("the tables", || store::prepare(&database)).await;
        let topics = topics();
        until_ok("the topics", || admin.ensure_topics(&topics)).await;
    };
    if stop_inbox.run_until_cancelled(prepare).await.is_none() {
        return Ok(());
    }
    let publisher = KafkaPublisher::new(&kafka).map_err(|error| Error::Kafka(error.into()))?;
    let relay = Relay::new(
        database.clone(),
        publisher,
        SERVICE,
        clock.clone(),
        RelaySettings::default(),
    );
    let relay = tokio::spawn(relay.run(stop_relay.clone()));
    let subscriptions = Subscriptions::new(SERVICE)
        .on::<OrderStatusUpdate, _>(OnOrderStatusUpdate::new(database.clone()))
        .on::<ProductCreate, _>(OnProductCreate::new(database.clone()))
        .on::<ProductsQuantityUpdate, _>(OnProductsQuantityUpdate::new(database.clone()));
    let source = KafkaSource::subscribe(&kafka, SERVICE, subscriptions.topics())
        .map_err(|error| Error::Kafka(error.into()))?;
    let inbox = Inbox::new(
        database,
        source,
        subscriptions,
        SERVICE,
        clock,
        InboxSettings::default(),
    );
    let outcome = inbox.run(stop_inbox).await.map_err(Error::Inbox);
    stop_relay.cancel();
    // A relay that panicked is as good as stopped; what it had to say is in the table.
    let _ended = relay.await;
    outcome
}

/// The topics that the service writes and reads, and those for what it can't read.
fn topics() -> Vec<TopicSpec> {
    let reads = |name| {
        CONTRACT
            .subscribes
            .iter()
            .any(|(stream, _)| stream.topic == name)
    };
    let writes = |name| CONTRACT.publishes.iter().any(|stream| stream.topic == name);
    let mut specs = Vec::new();
    for topic in topics::ALL {
        if reads(topic.name) || writes(topic.name) {
            specs.push(match topic.retention {
                Retention::Unlimited => TopicSpec::unlimited(topic.name, topic.partitions),
                Retention::Compacted => TopicSpec::compacted(topic.name, topic.partitions),
            });
        }
        if reads(topic.name) {
            specs.push(TopicSpec::dead_letters(
                topic.name,
                SERVICE,
                topic.partitions,
            ));
        }
    }
    specs
}

async fn until_ok<T, E: std::fmt::Display, F: Future<Output = Result<T, E>>>(
    what: &str,
    mut attempt: impl FnMut() -> F,
) {
    let mut told = false;
    while let Err(error) = attempt().await {
        if !told {
            tracing::warn!(%error, "{what} can't be prepared yet; trying on");
            told = true;
        }
        tokio::time::sleep(RETRY).await;
    }
}
