//! Puts the service together: the only place where adapters are made.

use std::net::SocketAddr;
use std::sync::Arc;

use events::{OrderStatusUpdate, ProductCreate, ProductsQuantityUpdate};
use operations::Operator;
use outbox::kafka::{Compression, KafkaOptions, Security};
use outbox::mongo::{MongoDatabase, MongoOptions};
use outbox::{Clock, Ground, Messaging, MessagingError, StoreError, Subscriptions, SystemClock};
use secrecy::ExposeSecret;
use service::config::{InvalidKafkaSecurity, KafkaCompression, KafkaSettings, MongoSettings};
use service::health::Health;
use service::http::InProcess;
use service::lifecycle::Lifecycle;
use service::token::Verifier;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::commands::GroupCommit;
use crate::handlers::{OnOrderStatusUpdate, OnProductCreate, OnProductsQuantityUpdate};
use crate::http::{Api, Parts};
use crate::live::Hub;
use crate::relearn::RelearnOrders;
use crate::settings::{DEFAULT_DATABASE, DEFAULT_PORT};
use crate::store::{self, MongoOrders};
use crate::{CONTRACT, SERVICE, Settings};

/// The service runs.
#[derive(Debug, Clone)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its routes, for a gateway in the same process.
    pub routes: InProcess,
}

/// Why the service can't start or had to stop.
#[derive(Debug, Error)]
pub enum Error {
    /// The address is taken or not this machine's.
    #[error(transparent)]
    Listen(std::io::Error),
    /// MongoDB's address can't be read.
    #[error("the MongoDB settings are wrong (--mongodb-uri, QUADRILLE_MONGODB_URI): {0}")]
    Mongo(StoreError),
    /// A setting that Kafka's client refuses, or a checkpoint that does not fit its topic.
    #[error(transparent)]
    Messaging(#[from] MessagingError),
    /// What protects the connection to Kafka does not fit together.
    #[error(transparent)]
    KafkaSecurity(#[from] InvalidKafkaSecurity),
    /// The tables could not be made.
    #[error("the tables can't be made: {0}")]
    Tables(StoreError),
}

/// Makes the service's tables and indexes, those of outbox and inbox included, as a start would.
/// Doing it again changes nothing.
///
/// # Errors
/// When the setting is wrong, MongoDB is out of reach, or it refuses.
pub async fn migrate(settings: &MongoSettings) -> Result<(), Error> {
    let database = connect(settings).await?;
    store::prepare(&database).await.map_err(Error::Tables)
}

/// Opens the service's database. Nothing is contacted yet.
async fn connect(settings: &MongoSettings) -> Result<MongoDatabase, Error> {
    let name = settings.database.as_deref().unwrap_or(DEFAULT_DATABASE);
    let options = MongoOptions {
        pool_size: settings.pool_size,
        timeout: settings.timeout,
    };
    MongoDatabase::connect(settings.uri.expose_secret(), name, options)
        .await
        .map_err(Error::Mongo)
}

fn kafka_options(settings: &KafkaSettings) -> Result<KafkaOptions, InvalidKafkaSecurity> {
    Ok(KafkaOptions {
        brokers: settings.brokers.clone(),
        topic_prefix: settings.topic_prefix.clone(),
        client_id: SERVICE.to_owned(),
        session_timeout: settings.session_timeout,
        compression: match settings.compression {
            KafkaCompression::None => Compression::None,
            KafkaCompression::Lz4 => Compression::Lz4,
        },
        security: Security::new(settings.security.client_settings()?),
    })
}

/// Starts the service on `lifecycle`. Comes back once it listens; the database and the broker may be
/// out of reach still: `/readyz` says so, and it goes on by itself once they are there.
///
/// # Errors
/// When a setting is wrong or the address can't be listened on.
pub async fn start(settings: Settings, lifecycle: &Lifecycle) -> Result<Running, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = connect(&settings.mongo).await?;
    let kafka = kafka_options(&settings.kafka)?;
    let messaging = Messaging::new(
        SERVICE,
        database.clone(),
        kafka,
        CONTRACT.topics(),
        clock.clone(),
    )
    .and_then(|messaging| messaging.relearning(Arc::new(RelearnOrders::new(database.clone()))))
    .map_err(MessagingError::from)?
    .with_batch(settings.kafka.batch);
    let listener = service::http::bind(settings.http.listen_or(DEFAULT_PORT))
        .await
        .map_err(Error::Listen)?;
    let address = listener.local_addr().map_err(Error::Listen)?;

    let closing = CancellationToken::new();
    let (intake, mut writers) = GroupCommit::start(
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
    let waiting = crate::pending::measure(orders.clone(), clock.clone(), shutdown.soft());
    lifecycle.spawn("orders-pending", async move {
        waiting.await;
        Ok::<_, Error>(())
    });
    let verifier = Verifier::new(&settings.tokens);
    let operator = Operator::new(
        SERVICE,
        database.clone(),
        subscriptions(&database),
        clock.clone(),
        verifier.clone(),
    );
    let api = Api::new(Parts {
        intake,
        orders,
        hub,
        verifier,
        clock: clock.clone(),
    });
    let router = crate::http::router(api, &health(&messaging.ground()))
        .merge(operations::router(SERVICE, operator));
    let routes = InProcess::from(service::http::layers(router, SERVICE, &settings.http));

    // It ends in the order in which work flows: requests, what they queued, what others say,
    // what is still to be said.
    let (http_ended, written) = (CancellationToken::new(), CancellationToken::new());
    let (stop_hearing, saved) = (http_ended.clone(), written.clone());
    let serving = routes.clone();
    lifecycle.spawn("orders http", async move {
        let outcome = service::http::serve(listener, serving, shutdown).await;
        closing.cancel();
        while writers.join_next().await.is_some() {}
        http_ended.cancel();
        saved.cancel();
        outcome
    });
    lifecycle.spawn("orders messages", async move {
        let prepare = || store::prepare(&database);
        messaging
            .run(prepare, subscriptions(&database), stop_hearing, written)
            .await
    });
    tracing::info!(%address, "orders listens");
    Ok(Running { address, routes })
}

/// What the service listens to and who handles it, on `database`; also for the operator's tools,
/// which handle what was parked as the service would.
pub fn subscriptions(database: &MongoDatabase) -> Subscriptions<MongoDatabase> {
    Subscriptions::new(SERVICE)
        .on::<OrderStatusUpdate, _>(OnOrderStatusUpdate::new(database.clone()))
        .on::<ProductCreate, _>(OnProductCreate::new(database.clone()))
        .on::<ProductsQuantityUpdate, _>(OnProductsQuantityUpdate::new(database.clone()))
}

fn health(ground: &Ground) -> Health {
    let (database, broker) = (ground.clone(), ground.clone());
    Health::new()
        .check("mongodb", move || {
            let ground = database.clone();
            async move { ground.check_database().await }
        })
        .check("kafka", move || {
            let ground = broker.clone();
            async move { ground.check_broker().await }
        })
}
