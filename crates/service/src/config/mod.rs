//! Settings as plain data, read from flags and the environment by `clap`.
//!
//! Every struct has a [`Default`] equal to what the flags default to, so that tests and `quadrille
//! up` build the same values without a command line. A flag wins over its variable.

mod connections;
mod duration;
mod http;
mod kafka;
mod kafka_security;
mod mongo;
mod token;

pub use connections::ConnectionSettings;
pub use duration::{InvalidDuration, duration, pause};
pub use http::HttpSettings;
pub use kafka::{KafkaCompression, KafkaSettings};
pub use kafka_security::{
    InvalidKafkaSecurity, KafkaMechanism, KafkaProtocol, KafkaSecuritySettings,
};
pub use mongo::MongoSettings;
pub use token::TokenSettings;
