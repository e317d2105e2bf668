//! Where a shop's servers are, and what this machine has for it.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::Context;
use uuid::Uuid;

/// Where a process finds Kafka and MongoDB.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// MongoDB's connection string.
    pub mongodb_uri: String,
    /// Kafka's bootstrap servers.
    pub kafka_brokers: String,
}

/// Where Kafka and MongoDB are, and the names that a shop uses there.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The addresses.
    pub endpoints: Endpoints,
    /// What databases and topics begin with.
    pub name: String,
}

impl Connection {
    /// A name of its own at these addresses.
    pub fn new(mongodb_uri: &str, kafka_brokers: &str) -> Self {
        Self {
            endpoints: Endpoints {
                mongodb_uri: mongodb_uri.to_owned(),
                kafka_brokers: kafka_brokers.to_owned(),
            },
            name: format!("e{}", &Uuid::new_v4().simple().to_string()[..10]),
        }
    }

    /// The name of `service`'s database.
    pub fn database(&self, service: &str) -> String {
        format!("{}_{service}", self.name)
    }

    /// What topics and groups begin with.
    pub fn topic_prefix(&self) -> String {
        format!("{}.", self.name)
    }
}

/// The `quadrille` that the workspace's build leaves beside this program or its folder of tests.
///
/// # Errors
/// When it is not built.
pub fn program() -> anyhow::Result<PathBuf> {
    let me = std::env::current_exe()?;
    let mut folders = me.ancestors().skip(1).take(2);
    let found = folders.find_map(|folder| {
        let program = folder.join("quadrille");
        program.is_file().then_some(program)
    });
    found.with_context(|| {
        let me = me.display();
        format!("quadrille is not built beside {me}: cargo build -p quadrille")
    })
}

/// A port of the loopback address that nothing listens on.
///
/// # Errors
/// When none is found.
pub fn free_port() -> anyhow::Result<u16> {
    // Below the range that outgoing connections take theirs from.
    let mut candidates =
        (0..1000).filter_map(|_| u16::try_from(20_000 + Uuid::new_v4().as_u128() % 12_000).ok());
    candidates
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .context("no port is free")
}
