//! Why a service does not start.

use outbox::StoreError;
use outbox::kafka::KafkaError;
use service::config::InvalidKafkaSecurity;
use thiserror::Error;

/// An error of a service's own.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a service could not be started. Servers that are out of reach are no reason.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address is taken or not this machine's.
    #[error(transparent)]
    Listen(std::io::Error),
    /// MongoDB's connection string can't be used.
    #[error(
        "the connection string of MongoDB (--mongodb-uri, QUADRILLE_MONGODB_URI) is wrong: {0}"
    )]
    Mongo(#[source] StoreError),
    /// Kafka's client refuses a setting.
    #[error("the settings for Kafka can't be used: {0}")]
    Kafka(#[from] KafkaError),
    /// What protects the connection to Kafka does not fit together.
    #[error(transparent)]
    KafkaSecurity(#[from] InvalidKafkaSecurity),
    /// One of the service's own settings can't be used.
    #[error(transparent)]
    Service(BoxError),
}

impl StartError {
    /// A service's own reason.
    pub fn of_service(error: impl Into<BoxError>) -> Self {
        Self::Service(error.into())
    }
}
