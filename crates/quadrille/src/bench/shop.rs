//! What is measured: servers and services that this run starts for itself.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use auth::Auth;
use devstack::{DevStack, Lines, Options, Profile};
use host::Service;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use orders::Orders;
use outbox::mongo::{MongoDatabase, MongoOptions};
use products::Products;
use quadrille::SERVICES;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::meter::Part;
use crate::seed;

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

    /// The databases of the shop `name`'s orders and products, with their tables.
    pub(super) async fn databases(
        &self,
        name: &str,
    ) -> anyhow::Result<(MongoDatabase, MongoDatabase)> {
        let connect = async |service: &str| {
            let name = format!("{name}_{service}");
            MongoDatabase::connect(&self.mongodb_uri, &name, MongoOptions::default()).await
        };
        let (of_orders, of_products) = (connect("orders").await?, connect("products").await?);
        host::prepare::<Orders>(&of_orders).await?;
        host::prepare::<Products>(&of_products).await?;
        Ok((of_orders, of_products))
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

/// The services, under names of their own on the servers.
pub(super) struct Shop {
    pub(super) url: String,
    pub(super) name: String,
    processes: Vec<Process>,
}

struct Process {
    role: &'static str,
    child: Child,
    pid: i32,
}

/// All clients have this machine's address, and many of them one account.
const UNLIMITED: [&str; 4] = [
    "--rate-limit-per-second=0",
    "--address-limit-per-second=0",
    "--login-limit-per-second=0",
    "--max-connections-per-address=0",
];
const UNLIMITED_LOGINS: &str = "--hash-queue-per-address=0";

/// How long the services may take to get ready.
const READY_WITHIN: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

impl Shop {
    /// All services in one process, as most people begin.
    pub(super) async fn start(
        servers: &Servers,
        name: &str,
        batching: Batching,
    ) -> anyhow::Result<Self> {
        let port = free_ports(1)?[0];
        let data_dir: PathBuf = servers.folder.path().join(name);
        let mut arguments = vec![
            "up".to_owned(),
            format!("--port={port}"),
            format!("--shop={name}"),
            format!("--data-dir={}", data_dir.display()),
        ];
        arguments.extend(UNLIMITED.map(str::to_owned));
        arguments.push(UNLIMITED_LOGINS.to_owned());
        if batching == Batching::OnePerTransaction {
            let one = ["--message-batch=1", "--orders-max-batch=1"];
            arguments.extend(one.map(str::to_owned));
        }
        let mut process = Process::start("up", servers, name, &arguments)?;
        let ready = data_dir.join("up.json");
        let deadline = Instant::now() + READY_WITHIN;
        while !ready.exists() {
            process.wait_a_little(deadline).await?;
        }
        Ok(Self {
            url: format!("http://127.0.0.1:{port}"),
            name: name.to_owned(),
            processes: vec![process],
        })
    }

    /// Each service in processes of its own: `auth` in one, the others in so many.
    pub(super) async fn spread(
        servers: &Servers,
        name: &str,
        instances: usize,
    ) -> anyhow::Result<Self> {
        let mut places = Vec::new();
        for service in SERVICES {
            let database = format!("{name}_{}", service.name());
            seed::load(*service, &servers.mongodb_uri, &database).await?;
            let count = if service.name() == Auth::NAME {
                1
            } else {
                instances
            };
            places.extend(std::iter::repeat_n(service.name(), count));
        }
        let ports = free_ports(1 + places.len())?;
        let address = |port: &u16| format!("http://127.0.0.1:{port}");
        let places: Vec<(&str, u16)> = places.into_iter().zip(ports[1..].iter().copied()).collect();
        let auth = places.iter().find(|(name, _)| *name == Auth::NAME);
        let keys = auth.map(|(_, port)| address(port)).unwrap_or_default();
        let keys = format!("--jwks-url={keys}/.well-known/jwks.json");
        let mut shop = Self {
            url: address(&ports[0]),
            name: name.to_owned(),
            processes: Vec::new(),
        };
        for (service, port) in &places {
            let mut own = vec![
                keys.clone(),
                format!("--mongodb-database={name}_{service}"),
                format!("--topic-prefix={name}."),
            ];
            if *service == Auth::NAME {
                own.push(UNLIMITED_LOGINS.to_owned());
            }
            shop.serve(servers, service, *port, own).await?;
        }
        let upstreams = places
            .iter()
            .map(|(name, port)| format!("{name}={}", address(port)));
        let mut own = vec![
            keys,
            format!("--upstreams={}", upstreams.collect::<Vec<_>>().join(",")),
        ];
        own.extend(UNLIMITED.map(str::to_owned));
        shop.serve(servers, "gateway", ports[0], own).await?;
        Ok(shop)
    }

    /// Starts one service and waits until it is ready.
    async fn serve(
        &mut self,
        servers: &Servers,
        role: &'static str,
        port: u16,
        more: Vec<String>,
    ) -> anyhow::Result<()> {
        let mut arguments = vec![
            "serve".to_owned(),
            role.to_owned(),
            format!("--listen=127.0.0.1:{port}"),
        ];
        arguments.extend(more);
        let mut process = Process::start(role, servers, &self.name, &arguments)?;
        let ready = format!("http://127.0.0.1:{port}/readyz");
        let deadline = Instant::now() + READY_WITHIN;
        while !reqwest::get(&ready)
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            process.wait_a_little(deadline).await?;
        }
        self.processes.push(process);
        Ok(())
    }

    /// Stops the processes of `role` in their tracks, or lets them go on.
    pub(super) fn freeze(&self, role: &str, frozen: bool) -> anyhow::Result<()> {
        let signal = if frozen {
            Signal::SIGSTOP
        } else {
            Signal::SIGCONT
        };
        for process in self.processes.iter().filter(|one| one.role == role) {
            kill(Pid::from_raw(process.pid), signal).context("a service does not listen")?;
        }
        Ok(())
    }

    pub(super) fn parts(&self) -> Vec<Part> {
        let part = |process: &Process| Part {
            name: "services",
            pid: process.pid,
        };
        self.processes.iter().map(part).collect()
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        for process in self.processes.into_iter().rev() {
            process.stop().await?;
        }
        Ok(())
    }
}

impl Process {
    fn start(
        role: &'static str,
        servers: &Servers,
        shop: &str,
        arguments: &[String],
    ) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("where this program is")?;
        // A service that is not ready yet answers 503 whenever it is asked.
        let log = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn,http=error".to_owned());
        let child = Command::new(program)
            .args(arguments)
            .env("QUADRILLE_MONGODB_URI", &servers.mongodb_uri)
            .env("QUADRILLE_KAFKA_BROKERS", &servers.kafka_brokers)
            .env("RUST_LOG", log)
            // One port can't be all processes'.
            .env_remove("QUADRILLE_METRICS_LISTEN")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{role} of {shop} can't be started"))?;
        let pid = child.id().context("a service ended at once")?;
        let pid = i32::try_from(pid)?;
        Ok(Self { role, child, pid })
    }

    /// To be called until something is there that the process makes.
    async fn wait_a_little(&mut self, deadline: Instant) -> anyhow::Result<()> {
        let role = self.role;
        if let Some(status) = self.child.try_wait()? {
            bail!("{role} ended with {status}; its output is above");
        }
        if Instant::now() > deadline {
            bail!("{role} is not ready after {} s", READY_WITHIN.as_secs());
        }
        tokio::time::sleep(POLL).await;
        Ok(())
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(self.pid), Signal::SIGTERM).context("a service can't be stopped")?;
        self.child.wait().await?;
        Ok(())
    }
}

/// Ports that nobody listens on, below those that outgoing connections take.
fn free_ports(count: usize) -> anyhow::Result<Vec<u16>> {
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let ports: Vec<u16> = (20_000..30_000).filter(free).take(count).collect();
    if ports.len() < count {
        bail!("{count} ports from 20000 to 30000 are not free");
    }
    Ok(ports)
}
