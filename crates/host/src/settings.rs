//! What can be set for every service.

use std::collections::BTreeMap;

use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};

/// What can be set for every service.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Settings {
    /// Where it listens.
    #[command(flatten)]
    pub http: HttpSettings,
    /// Where it keeps what it owns; the database is called like the service unless named otherwise.
    #[command(flatten)]
    pub mongo: MongoSettings,
    /// Where it publishes and consumes.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// Whose tokens it takes.
    #[command(flatten)]
    pub tokens: TokenSettings,
    /// Whether the shop is there for trying it out, as with `quadrille up`: what protects people's data
    /// and needs them to log in may then be left out.
    #[arg(skip)]
    pub demo: bool,
    /// Where a demo start has put what else it runs, as `http://HOST:PORT` by the name of the role.
    #[arg(skip)]
    pub addresses: BTreeMap<&'static str, String>,
}
