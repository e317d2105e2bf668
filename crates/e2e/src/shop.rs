//! A shop of separate processes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::connection::{free_port, program};
use crate::part::CommandLine;
use crate::wait::until;
use crate::{Client, Connection, Endpoints, Part};

/// Longest wait for all to be ready; the machine may be busy with other tests.
const READY_WITHIN: Duration = Duration::from_secs(90);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// All customers have this machine's address, and many of them one account.
pub const UNLIMITED: [&str; 4] = [
    "--rate-limit-per-second=0",
    "--address-limit-per-second=0",
    "--login-limit-per-second=0",
    "--max-connections-per-address=0",
];

/// The processes of a shop; the gateway is added last.
#[derive(Debug)]
pub struct Shop {
    pub(crate) connection: Connection,
    pub(crate) program: PathBuf,
    /// A folder for a log file of each process; without it they log where we do.
    logs: Option<PathBuf>,
    /// What every process finds in its environment besides.
    environment: Vec<(&'static str, String)>,
    parts: Vec<Arc<Part>>,
    /// The gateway's own port for its metrics.
    gateway_metrics: Option<SocketAddr>,
}

impl Shop {
    /// A shop without any process yet, of the program `program`.
    pub fn new(connection: Connection, program: PathBuf, logs: Option<PathBuf>) -> Self {
        Self {
            connection,
            program,
            logs,
            environment: Vec::new(),
            parts: Vec::new(),
            gateway_metrics: None,
        }
    }

    /// Puts these variables into the environment of every process that is added from now on.
    #[must_use]
    pub fn with_environment(mut self, variables: Vec<(&'static str, String)>) -> Self {
        self.environment = variables;
        self
    }

    /// Starts a gateway, an auth, and as many orders and products as asked for; loads the
    /// demo data; comes back when all are ready.
    ///
    /// # Errors
    /// When they do not get ready.
    pub async fn start(
        connection: Connection,
        orders: usize,
        products: usize,
    ) -> anyhow::Result<Self> {
        let shop = Self::launch(connection, orders, products)?;
        shop.seed().await?;
        shop.wait_until_ready().await?;
        Ok(shop)
    }

    /// The same without waiting for anything and without data.
    ///
    /// # Errors
    /// When a process can't be started.
    pub fn launch(connection: Connection, orders: usize, products: usize) -> anyhow::Result<Self> {
        Self::new(connection, program()?, None).open(orders, products, &UNLIMITED)
    }

    /// Adds all processes and starts them, the gateway with the arguments `edge`, without waiting for anything and
    /// without data.
    ///
    /// # Errors
    /// When a process can't be started.
    pub fn open(self, orders: usize, products: usize, edge: &[&str]) -> anyhow::Result<Self> {
        let mut shop = self;
        let endpoints = shop.connection.endpoints.clone();
        let auth = shop.add("auth", &endpoints, &[])?.url();
        let jwks = format!("--jwks-url={auth}/.well-known/jwks.json");
        let mut upstreams = vec![format!("auth={auth}")];
        for role in quadrille::names() {
            let count = match role {
                "auth" => continue,
                "orders" => orders,
                "products" => products,
                _ => 1,
            };
            for _ in 0..count {
                let part = shop.add(role, &endpoints, std::slice::from_ref(&jwks))?;
                upstreams.push(format!("{role}={}", part.url()));
            }
        }
        let mut arguments = vec![jwks, format!("--upstreams={}", upstreams.join(","))];
        arguments.extend(edge.iter().map(|&argument| argument.to_owned()));
        let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        arguments.push(format!("--metrics-listen={metrics}"));
        shop.gateway_metrics = Some(metrics);
        shop.add("gateway", &endpoints, &arguments)?;
        for part in &shop.parts {
            part.start()?;
        }
        Ok(shop)
    }

    /// Adds a process of `role` which finds its servers by `endpoints`. It is not started.
    ///
    /// # Errors
    /// When no port is free.
    pub fn add(
        &mut self,
        role: &'static str,
        endpoints: &Endpoints,
        arguments: &[String],
    ) -> anyhow::Result<Arc<Part>> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let mut all = vec![
            "serve".to_owned(),
            role.to_owned(),
            format!("--listen={address}"),
        ];
        if role != "gateway" {
            all.push(format!(
                "--mongodb-database={}",
                self.connection.database(role)
            ));
            // Also a quick answer while MongoDB is away.
            all.push("--mongodb-timeout=1s".to_owned());
            all.push(format!("--topic-prefix={}", self.connection.topic_prefix()));
            all.push("--kafka-session-timeout=3s".to_owned());
        }
        all.extend_from_slice(arguments);
        let number = self.parts.iter().filter(|part| part.role() == role).count();
        let name = format!("{role}-{number}");
        // In a file there is room for who took what over from whom.
        let usual = if self.logs.is_some() {
            "warn,outbox=info"
        } else {
            "warn"
        };
        let filter = std::env::var("QUADRILLE_TEST_LOG").unwrap_or_else(|_| usual.to_owned());
        let line = CommandLine {
            program: self.program.clone(),
            arguments: all,
            // The later word counts.
            environment: [
                ("QUADRILLE_MONGODB_URI", endpoints.mongodb_uri.clone()),
                ("QUADRILLE_KAFKA_BROKERS", endpoints.kafka_brokers.clone()),
                ("RUST_LOG", filter),
            ]
            .into_iter()
            .chain(self.environment.clone())
            .collect(),
            log: self
                .logs
                .as_ref()
                .map(|folder| folder.join(format!("{name}.log"))),
        };
        let part = Arc::new(Part::new(role, name, address, line));
        self.parts.push(Arc::clone(&part));
        Ok(part)
    }

    /// Where it is and what its databases are called.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The processes, the gateway last.
    pub fn parts(&self) -> &[Arc<Part>] {
        &self.parts
    }

    /// The gateway's address.
    pub fn url(&self) -> String {
        let gateway = self.parts.iter().find(|part| part.role() == "gateway");
        gateway.map(|part| part.url()).unwrap_or_default()
    }

    /// Where `part` shows its metrics.
    pub fn metrics_url(&self, part: &Part) -> String {
        match self.gateway_metrics {
            Some(address) if part.role() == "gateway" => format!("http://{address}"),
            _ => part.url(),
        }
    }

    /// A visitor.
    pub fn client(&self) -> Client {
        Client::new(&self.url())
    }

    /// The demo admin, logged in.
    ///
    /// # Errors
    /// When the shop does not let them in.
    pub async fn admin(&self) -> anyhow::Result<Client> {
        self.client()
            .log_in("admin@admin.com", "admin@admin.com")
            .await
    }

    /// The demo user, logged in.
    ///
    /// # Errors
    /// When the shop does not let them in.
    pub async fn user(&self) -> anyhow::Result<Client> {
        self.client().log_in("aaa@aaa.com", "aaa@aaa.com").await
    }

    /// Waits until every process is ready and the demo products can be ordered.
    ///
    /// # Errors
    /// When one is not in time.
    pub async fn wait_until_ready(&self) -> anyhow::Result<()> {
        for part in &self.parts {
            let client = Client::new(&part.url());
            let what = format!("{} is ready", part.name());
            until(READY_WITHIN, &what, || async {
                let ready = client.get("/readyz").await;
                ready.is_ok_and(|answer| answer.status == 200)
            })
            .await?;
        }
        // The demo products reach orders by their events.
        let user = self.user().await?;
        until(READY_WITHIN, "the demo products can be ordered", || async {
            let none = user
                .order(&[("chair", 999_999), ("laptop", 999_999)], 0)
                .await;
            none.is_ok_and(|answer| answer.status == 409)
        })
        .await
    }

    /// The `number`-th process of `role`.
    ///
    /// # Errors
    /// When there is none.
    pub fn part(&self, role: &str, number: usize) -> anyhow::Result<&Arc<Part>> {
        let mut of_role = self.parts.iter().filter(|part| part.role() == role);
        of_role
            .nth(number)
            .with_context(|| format!("there is no {role}-{number}"))
    }

    /// Kills the `number`-th process of `role` as a power cut would.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&self, role: &str, number: usize) -> anyhow::Result<()> {
        self.part(role, number)?.kill().await
    }

    /// Starts it again.
    ///
    /// # Errors
    /// When the program can't be run.
    pub fn start_again(&self, role: &str, number: usize) -> anyhow::Result<()> {
        self.part(role, number)?.start()
    }

    /// Asks every process to end and waits.
    ///
    /// # Errors
    /// When one does not end well.
    pub async fn stop(&self) -> anyhow::Result<()> {
        for part in self.parts.iter().rev() {
            part.terminate(STOP_WITHIN).await?;
        }
        Ok(())
    }
}
