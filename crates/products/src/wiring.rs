//! Puts the parts together; the only place where adapters are made.

use std::net::SocketAddr;
use std::sync::Arc;

use operations::Operator;
use outbox::kafka::{Compression, KafkaError, KafkaOptions, Security};
use outbox::mongo::MongoOptions;
use outbox::{Clock, Ground, Messaging, StoreError, Subscriptions, SystemClock};
use secrecy::ExposeSecret;
use service::config::{
    HttpSettings, InvalidKafkaSecurity, KafkaCompression, KafkaSettings, MongoSettings,
    TokenSettings,
};
use service::health::Health;
use service::http::InProcess;
use service::lifecycle::Lifecycle;
use service::token::Verifier;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::CONTRACT;
use crate::catalogue::MemoryCatalogue;
use crate::handlers::OnOrderCreate;
use crate::http::{self, Api};
use crate::relearn::RelearnProducts;
use crate::store::{self, ShopDatabase};

/// The port that the service listens on unless it is told another one.
pub const PORT: u16 = 8082;

/// How the service is set up.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Settings {
    /// Where it listens.
    #[command(flatten)]
    pub http: HttpSettings,
    /// Where it keeps what it owns; the database is `products` unless named otherwise.
    #[command(flatten)]
    pub mongo: MongoSettings,
    /// Where it hears and speaks.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Whose tokens it takes.
    #[command(flatten)]
    pub tokens: TokenSettings,
}

/// A service that runs.
#[derive(Debug, Clone)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its routes, for a gateway in the same process.
    pub routes: InProcess,
}

/// Why the service could not be started. Servers that are away are no reason.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error(transparent)]
    Listen(#[from] std::io::Error),
    /// The setting for MongoDB can't be right.
    #[error("--mongodb-uri (QUADRILLE_MONGODB_URI) can't be used: {0}")]
    Mongo(#[source] StoreError),
    /// A setting for Kafka can't be right.
    #[error("the settings for Kafka can't be used: {0}")]
    Kafka(#[from] KafkaError),
    /// What protects the connection to Kafka does not fit together.
    #[error(transparent)]
    KafkaSecurity(#[from] InvalidKafkaSecurity),
}

/// Opens the service's database as `settings` say. Nothing is contacted yet.
///
/// # Errors
/// [`StartError::Mongo`].
pub async fn connect(settings: &MongoSettings) -> Result<ShopDatabase, StartError> {
    let options = MongoOptions {
        pool_size: settings.pool_size,
        timeout: settings.timeout,
    };
    let name = settings.database.as_deref().unwrap_or(CONTRACT.service);
    ShopDatabase::connect(settings.uri.expose_secret(), name, options)
        .await
        .map_err(StartError::Mongo)
}

/// Makes the service's tables, indexes and rules, those of outbox and inbox included, as a start
/// would. Doing it again changes nothing.
///
/// # Errors
/// [`MigrateError`].
pub async fn migrate(settings: &MongoSettings) -> Result<(), MigrateError> {
    let database = connect(settings).await?;
    Ok(store::prepare(&database).await?)
}

/// Why the tables could not be made.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The setting for MongoDB can't be right.
    #[error(transparent)]
    Settings(#[from] StartError),
    /// MongoDB is out of reach, or refuses.
    #[error("the tables can't be made: {0}")]
    Store(#[from] StoreError),
}

/// Starts the service on `lifecycle` and says where it listens.
///
/// It comes up with MongoDB or Kafka down: `/readyz` says so, and it goes on by itself once
/// they are there. At the soft signal it takes no more requests, finishes the batch under
/// way, leaves the group, and stops publishing last.
///
/// # Errors
/// When the address or a setting can't be used.
pub async fn start(settings: Settings, lifecycle: &Lifecycle) -> Result<Running, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let database = connect(&settings.mongo).await?;
    let kafka = kafka_options(&settings.kafka)?;
    let messaging = Messaging::new(
        CONTRACT.service,
        database.clone(),
        kafka,
        CONTRACT.topics(),
        Arc::clone(&clock),
    )?
    .with_batch(settings.kafka.batch)
    .relearning(Arc::new(RelearnProducts::new(
        database.clone(),
        Arc::clone(&clock),
    )))?;
    let listener = service::http::bind(settings.http.listen_or(PORT)).await?;
    let address = listener.local_addr()?;

    let shutdown = lifecycle.shutdown();
    let verifier = Verifier::new(&settings.tokens);
    let operator = Operator::new(
        CONTRACT.service,
        database.clone(),
        subscriptions(&database),
        Arc::clone(&clock),
        verifier.clone(),
    );
    let api = Api {
        database: database.clone(),
        clock: Arc::clone(&clock),
        verifier,
    };
    let catalogue = MemoryCatalogue::new(database.clone());
    let routes = http::router_over(api, catalogue.clone())
        .merge(operations::router(CONTRACT.service, operator));
    let routes = http::changes_need_the_past(routes, messaging.ground());
    let routes = routes.merge(health(&messaging.ground()).routes());
    let routes = service::http::layers(routes, CONTRACT.service, &settings.http);
    let routes = InProcess::from(routes);

    let soft = shutdown.soft();
    lifecycle.spawn("products catalogue", async move {
        catalogue.keep(soft).await;
        Ok::<_, StartError>(())
    });
    // Requests write to the outbox too: the relay outlives them.
    let written = CancellationToken::new();
    let (soft, served, serving) = (shutdown.soft(), written.clone(), routes.clone());
    lifecycle.spawn("products http", async move {
        let outcome = service::http::serve(listener, serving, shutdown).await;
        served.cancel();
        outcome
    });
    lifecycle.spawn("products messages", async move {
        let prepare = || store::prepare(&database);
        let subscriptions = subscriptions(&database);
        messaging.run(prepare, subscriptions, soft, written).await
    });
    tracing::info!(%address, "products listens");
    Ok(Running { address, routes })
}

/// What the service listens to and who handles it, on `database`; also for the operator's
/// tools, which handle what was parked as the service would.
pub fn subscriptions(database: &ShopDatabase) -> Subscriptions<ShopDatabase> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Subscriptions::new(CONTRACT.service).on(OnOrderCreate::new(database.clone(), clock))
}

fn kafka_options(settings: &KafkaSettings) -> Result<KafkaOptions, InvalidKafkaSecurity> {
    Ok(KafkaOptions {
        brokers: settings.brokers.clone(),
        topic_prefix: settings.topic_prefix.clone(),
        client_id: format!("quadrille-{}", CONTRACT.service),
        session_timeout: settings.session_timeout,
        compression: match settings.compression {
            KafkaCompression::None => Compression::None,
            KafkaCompression::Lz4 => Compression::Lz4,
        },
        security: Security::new(settings.security.client_settings()?),
    })
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
