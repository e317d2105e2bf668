//! What is measured: servers and services that this run starts for itself.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use devstack::{DevStack, Lines, Options, Profile};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::meter::Part;

/// A clean Kafka and a clean MongoDB, gone when the run is.
pub(super) struct Servers {
    pub(super) mongodb_uri: String,
    pub(super) kafka_brokers: String,
    stack: DevStack,
    folder: TempDir,
}

impl Servers {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no folder for the run's data")?;
        let mut options = Options::new(folder.path().join("servers"));
        options.profile = Profile::Throughput;
        options.mongod_cache_mb = 1024;
        options.progress = Arc::new(Lines);
        // A server that is there already would not be clean.
        options.environment.kafka_brokers = None;
        options.environment.mongodb_uri = None;
        let stack = DevStack::start(options).await?;
        Ok(Self {
            mongodb_uri: stack.mongodb_uri().to_owned(),
            kafka_brokers: stack.kafka_brokers().to_owned(),
            stack,
            folder,
        })
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        let servers = [
            ("MongoDB", self.stack.mongod()),
            ("Kafka", self.stack.kafka()),
        ];
        let pid = |(name, server): (&'static str, Option<&devstack::Server>)| {
            Some(Part {
                name,
                pid: server?.pid()?,
            })
        };
        servers.into_iter().filter_map(pid).collect()
    }

    pub(super) async fn stop(self) {
        self.stack.shutdown().await;
    }
}

/// How the services work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Batching {
    /// As they always do.
    Usual,
    /// One order, one event, one outbox record in each transaction and each round.
    OnePerTransaction,
}

/// All services in a process of their own, under names of their own on the servers.
pub(super) struct Shop {
    pub(super) url: String,
    pub(super) name: String,
    child: Child,
    pid: i32,
}

/// How long the services may take to get ready.
const READY_WITHIN: Duration = Duration::from_secs(120);

impl Shop {
    pub(super) async fn start(
        servers: &Servers,
        name: &str,
        batching: Batching,
    ) -> anyhow::Result<Self> {
        let port = free_port()?;
        let data_dir: PathBuf = servers.folder.path().join(name);
        let program = std::env::current_exe().context("where this program is")?;
        let mut command = Command::new(program);
        command
            .arg("up")
            .arg(format!("--port={port}"))
            .arg(format!("--shop={name}"))
            .arg("--data-dir")
            .arg(&data_dir)
            .env("QUADRILLE_MONGODB_URI", &servers.mongodb_uri)
            .env("QUADRILLE_KAFKA_BROKERS", &servers.kafka_brokers)
            .env(
                "RUST_LOG",
                std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned()),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        if batching == Batching::OnePerTransaction {
            command.args(["--message-batch=1", "--orders-max-batch=1"]);
        }
        let mut child = command.spawn().context("the services can't be started")?;
        let pid = child.id().context("the services ended at once")?;
        let ready = data_dir.join("up.json");
        let deadline = Instant::now() + READY_WITHIN;
        while !ready.exists() {
            if let Some(status) = child.try_wait()? {
                bail!("the services ended with {status}; what they said is above");
            }
            if Instant::now() > deadline {
                bail!(
                    "the services are not ready after {} s",
                    READY_WITHIN.as_secs()
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self {
            url: format!("http://127.0.0.1:{port}"),
            name: name.to_owned(),
            child,
            pid: i32::try_from(pid)?,
        })
    }

    pub(super) fn part(&self) -> Part {
        Part {
            name: "services",
            pid: self.pid,
        }
    }

    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(self.pid), Signal::SIGTERM).context("the services can't be stopped")?;
        self.child.wait().await?;
        Ok(())
    }
}

/// A port that nobody listens on, below those that outgoing connections take.
fn free_port() -> anyhow::Result<u16> {
    (20_000..30_000)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .context("no port from 20000 to 30000 is free")
}
