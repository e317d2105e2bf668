//! The connection arguments of the operators' commands.

use anyhow::{Context, anyhow, bail, ensure};
use clap::Args;
use outbox::kafka::{KafkaOptions, Security, TopicReader};
use outbox::mongo::{MongoDatabase, MongoOptions};
use service::config::KafkaSecuritySettings;

use crate::services::DatabaseNames;
use crate::up::state::State;

/// How to connect: by default to the `quadrille up` that runs in this folder.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// MongoDB's connection string; without it, that of the `quadrille up` that runs here
    #[arg(
        long = "mongodb-uri",
        env = "QUADRILLE_MONGODB_URI",
        hide_env_values = true,
        value_name = "URI"
    )]
    pub(crate) mongodb_uri: Option<String>,
    /// Kafka's bootstrap servers; without them, those of the `quadrille up` that runs here
    #[arg(
        long = "kafka-brokers",
        env = "QUADRILLE_KAFKA_BROKERS",
        value_name = "HOST:PORT,…"
    )]
    pub(crate) kafka_brokers: Option<String>,
    /// The prefix of every topic's name
    #[arg(
        long = "topic-prefix",
        env = "QUADRILLE_TOPIC_PREFIX",
        value_name = "PREFIX",
        default_value = ""
    )]
    pub(crate) topic_prefix: String,
    /// How the services' databases are called: a name with {service} for each service's own name, or
    /// SERVICE=NAME for one of them; several separated by commas
    #[arg(long, env = "QUADRILLE_DATABASES", value_name = "NAMES", default_value = DatabaseNames::LIKE_THE_SERVICE)]
    pub(crate) databases: DatabaseNames,
    /// What protects the connection to a Kafka that is named.
    #[command(flatten)]
    pub(crate) security: KafkaSecuritySettings,
}

impl ConnectionArgs {
    /// MongoDB's address.
    ///
    /// # Errors
    /// When none was given and no `up` runs here.
    pub(crate) fn mongodb_uri(&self) -> anyhow::Result<String> {
        match &self.mongodb_uri {
            Some(uri) => Ok(uri.clone()),
            None => {
                Ok(running("a MongoDB with --mongodb-uri or QUADRILLE_MONGODB_URI")?.mongodb_uri)
            }
        }
    }

    /// How to reach Kafka.
    ///
    /// # Errors
    /// When no brokers were given, and no `up` runs here or another MongoDB was named: then
    /// the Kafka of that `up` would be the wrong one.
    pub(crate) fn kafka(&self) -> anyhow::Result<KafkaOptions> {
        let mut security = Security::default();
        let brokers = match &self.kafka_brokers {
            Some(brokers) => {
                security = Security::new(self.security.client_settings()?);
                brokers.clone()
            }
            None if self.mongodb_uri.is_some() => bail!(
                "MongoDB was given, but no Kafka: give it with --kafka-brokers or QUADRILLE_KAFKA_BROKERS"
            ),
            None => {
                running("a Kafka with --kafka-brokers or QUADRILLE_KAFKA_BROKERS")?.kafka_brokers
            }
        };
        Ok(KafkaOptions {
            topic_prefix: self.topic_prefix.clone(),
            client_id: "quadrille".to_owned(),
            security,
            ..KafkaOptions::new(brokers)
        })
    }

    /// A reader of the shop's topics.
    ///
    /// # Errors
    /// As [`kafka`](Self::kafka).
    pub(crate) fn topics(&self) -> anyhow::Result<TopicReader> {
        Ok(TopicReader::new(&self.kafka()?)?)
    }

    /// The name of `service`'s database.
    ///
    /// # Errors
    /// When there is no such service.
    pub(crate) fn database_name(&self, service: &str) -> anyhow::Result<String> {
        self.databases.of(service)
    }

    /// The database of `service`, which must hold a service's tables: an empty one would
    /// look like a shop in good order, and half a restored one like a shop in disorder.
    ///
    /// # Errors
    /// When MongoDB does not answer, the database is not one of a service's, or a restore of it is not
    /// finished.
    pub(crate) async fn database(&self, service: &str) -> anyhow::Result<MongoDatabase> {
        let name = self.database_name(service)?;
        let uri = self.mongodb_uri()?;
        let database = MongoDatabase::connect(&uri, &name, MongoOptions::default())
            .await
            .context("--mongodb-uri can't be used")?;
        let tables = database
            .database()
            .list_collection_names()
            .await
            .with_context(|| format!("the database {name} can't be read; is MongoDB up?"))?;
        if let Some(restoring) = database.restoring().await? {
            bail!("{restoring}");
        }
        ensure!(
            tables.iter().any(|table| table == "checkpoints"),
            "the database {name} holds no tables of the service {service}; name the right one \
             with --databases, or start the service, which makes them"
        );
        Ok(database)
    }
}

/// The `up` that runs here, or else what to name.
fn running(or_name: &str) -> anyhow::Result<State> {
    State::running().map_err(|error| anyhow!("{error:#}; name {or_name}"))
}
