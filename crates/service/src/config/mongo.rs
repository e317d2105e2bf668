//! How to reach MongoDB; plain data, the driver is not known here.

use std::convert::Infallible;
use std::time::Duration;

use secrecy::SecretString;

/// How to reach MongoDB.
#[derive(Debug, Clone, clap::Args)]
pub struct MongoSettings {
    /// `MongoDB` connection string; a replica set, since transactions need one. May hold a
    /// password, so the variable is safer than the flag
    #[arg(
        long = "mongodb-uri", env = "QUADRILLE_MONGODB_URI", hide_env_values = true, value_name = "URI",
        default_value = MongoSettings::URI, value_parser = secret
    )]
    pub uri: SecretString,

    /// Name of the service's own database [default: the service's name]
    #[arg(
        long = "mongodb-database",
        env = "QUADRILLE_MONGODB_DATABASE",
        value_name = "NAME"
    )]
    pub database: Option<String>,

    /// Most connections to each `MongoDB` server
    #[arg(
        long = "mongodb-pool-size", env = "QUADRILLE_MONGODB_POOL_SIZE", value_name = "COUNT",
        default_value_t = MongoSettings::POOL_SIZE, value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub pool_size: u32,

    /// Longest wait for a usable `MongoDB` server, such as 3s
    #[arg(long = "mongodb-timeout", env = "QUADRILLE_MONGODB_TIMEOUT", value_name = "DURATION", default_value = "3s", value_parser = super::duration)]
    pub timeout: Duration,
}

impl MongoSettings {
    const URI: &'static str = "mongodb://127.0.0.1:27017/?directConnection=true";
    const POOL_SIZE: u32 = 32;

    /// The defaults with another connection string and database.
    pub fn new(uri: &str, database: &str) -> Self {
        Self {
            uri: SecretString::from(uri),
            database: Some(database.to_owned()),
            ..Self::default()
        }
    }
}

impl Default for MongoSettings {
    fn default() -> Self {
        Self {
            uri: SecretString::from(Self::URI),
            database: None,
            pool_size: Self::POOL_SIZE,
            timeout: Duration::from_secs(3),
        }
    }
}

// A named error type is what `clap` asks of a value parser; any text is a secret.
#[allow(clippy::unnecessary_wraps)]
pub(super) fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text))
}
