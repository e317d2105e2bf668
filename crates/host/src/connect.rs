//! Connections as the settings say. Nothing is contacted yet.

use outbox::kafka::{Compression, KafkaOptions, Security};
use outbox::mongo::{MongoDatabase, MongoOptions};
use secrecy::ExposeSecret;
use service::config::{InvalidKafkaSecurity, KafkaCompression, KafkaSettings, MongoSettings};

use crate::StartError;

/// Opens the database of the service `name`.
///
/// # Errors
/// [`StartError::Mongo`].
pub async fn connect(name: &str, settings: &MongoSettings) -> Result<MongoDatabase, StartError> {
    let options = MongoOptions {
        pool_size: settings.pool_size,
        timeout: settings.timeout,
    };
    let database = settings.database.as_deref().unwrap_or(name);
    MongoDatabase::connect(settings.uri.expose_secret(), database, options)
        .await
        .map_err(StartError::Mongo)
}

/// How the service `name` reaches Kafka.
///
/// # Errors
/// When what protects the connection does not fit together.
pub fn kafka_options(
    name: &str,
    settings: &KafkaSettings,
) -> Result<KafkaOptions, InvalidKafkaSecurity> {
    Ok(KafkaOptions {
        brokers: settings.brokers.clone(),
        topic_prefix: settings.topic_prefix.clone(),
        client_id: format!("quadrille-{name}"),
        session_timeout: settings.session_timeout,
        compression: match settings.compression {
            KafkaCompression::None => Compression::None,
            KafkaCompression::Lz4 => Compression::Lz4,
        },
        security: Security::new(settings.security.client_settings()?),
    })
}
