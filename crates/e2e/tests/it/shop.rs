//! A shop of separate processes, each of which can be killed and started again.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use e2e::Client;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use testkit::eventually_within;
use tokio::process::{Child, Command};
use uuid::Uuid;

/// Where Kafka and MongoDB are, and the names that this shop uses there.
pub(crate) struct Place {
    pub(crate) mongodb_uri: String,
    pub(crate) kafka_brokers: String,
    pub(crate) name: String,
}

impl Place {
    pub(crate) fn new(mongodb_uri: &str, kafka_brokers: &str) -> Self {
        let name = format!("e{}", &Uuid::new_v4().simple().to_string()[..10]);
        Self {
            mongodb_uri: mongodb_uri.to_owned(),
            kafka_brokers: kafka_brokers.to_owned(),
            name,
        }
    }

    pub(crate) async fn shared() -> Self {
        let stack = testkit::stack::shared().await;
        Self::new(stack.mongodb_uri(), stack.kafka_brokers())
    }

    pub(crate) fn database(&self, service: &str) -> String {
        format!("{}_{service}", self.name)
    }
}

/// One process of the shop.
pub(crate) struct Part {
    pub(crate) role: &'static str,
    pub(crate) url: String,
    arguments: Vec<String>,
    child: Option<Child>,
}

pub(crate) struct Shop {
    pub(crate) place: Place,
    pub(crate) parts: Vec<Part>,
}

/// The binary that the workspace's build leaves beside the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("tests lie in target/*/deps");
    let program = folder.join("quadrille");
    assert!(
        program.is_file(),
        "{} is missing: cargo build --workspace",
        program.display()
    );
    program
}

fn free_port() -> u16 {
    // Below the range that outgoing connections take theirs from.
    (0..1000)
        .map(|_| 20_000 + u16::try_from(Uuid::new_v4().as_u128() % 12_000).unwrap())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a port is free")
}

impl Shop {
    /// Starts a gateway, an auth, and as many orders and products as asked for; loads the
    /// demo data; comes back when all are ready.
    pub(crate) async fn start(place: Place, orders: usize, products: usize) -> Self {
        let shop = Self::launch(place, orders, products);
        shop.seed().await;
        shop.wait_until_ready().await;
        shop
    }

    /// The same without waiting for anything and without data.
    pub(crate) fn launch(place: Place, orders: usize, products: usize) -> Self {
        let mut shop = Self {
            place,
            parts: Vec::new(),
        };
        let auth = shop.add("auth", &[]);
        let jwks = format!("--jwks-url={auth}/.well-known/jwks.json");
        let mut urls = Vec::new();
        for (role, count) in [("products", products), ("orders", orders)] {
            let mut of_role = Vec::new();
            for _ in 0..count {
                of_role.push(shop.add(role, std::slice::from_ref(&jwks)));
            }
            urls.push(of_role.join(","));
        }
        let edge = [
            jwks,
            format!("--auth-url={auth}"),
            format!("--products-url={}", urls[0]),
            format!("--orders-url={}", urls[1]),
        ];
        shop.add("gateway", &edge);
        shop
    }

    fn add(&mut self, role: &'static str, arguments: &[String]) -> String {
        let address = format!("127.0.0.1:{}", free_port());
        let mut all = vec![
            "serve".to_owned(),
            role.to_owned(),
            format!("--listen={address}"),
        ];
        if role != "gateway" {
            all.push(format!("--mongodb-database={}", self.place.database(role)));
            // Also a quick answer while MongoDB is away.
            all.push("--mongodb-timeout=1s".to_owned());
        }
        if matches!(role, "orders" | "products") {
            all.push(format!("--topic-prefix={}.", self.place.name));
            all.push("--kafka-session-timeout=3s".to_owned());
        }
        all.extend_from_slice(arguments);
        let url = format!("http://{address}");
        let mut part = Part {
            role,
            url: url.clone(),
            arguments: all,
            child: None,
        };
        part.start(&self.place);
        self.parts.push(part);
        url
    }

    pub(crate) fn url(&self) -> &str {
        &self.parts.last().expect("the gateway is started last").url
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.url())
    }

    pub(crate) async fn admin(&self) -> Client {
        self.client()
            .log_in("admin@admin.com", "admin@admin.com")
            .await
            .unwrap()
    }

    pub(crate) async fn user(&self) -> Client {
        self.client()
            .log_in("aaa@aaa.com", "aaa@aaa.com")
            .await
            .unwrap()
    }

    pub(crate) async fn wait_until_ready(&self) {
        for part in &self.parts {
            let client = Client::new(&part.url);
            let what = format!("{} at {} is ready", part.role, part.url);
            eventually_within(Duration::from_secs(60), &what, || async {
                client
                    .get("/readyz")
                    .await
                    .is_ok_and(|answer| answer.status == 200)
            })
            .await;
        }
        // The demo products reach orders by their events.
        let user = self.user().await;
        eventually_within(
            Duration::from_secs(60),
            "the demo products can be ordered",
            || async {
                let none = user
                    .order(&[("chair", 999_999), ("laptop", 999_999)], 0)
                    .await;
                none.is_ok_and(|answer| answer.status == 409)
            },
        )
        .await;
    }

    pub(crate) async fn seed(&self) {
        let status = self
            .tool("seed")
            .arg(format!("--auth-database={}", self.place.database("auth")))
            .arg(format!(
                "--products-database={}",
                self.place.database("products")
            ))
            .stdout(Stdio::null())
            .status()
            .await
            .unwrap();
        assert!(status.success(), "the demo data could not be loaded");
    }

    fn tool(&self, command: &str) -> Command {
        let mut tool = Command::new(program());
        tool.arg(command)
            .env("QUADRILLE_MONGODB_URI", &self.place.mongodb_uri);
        tool
    }

    /// Kills the `number`-th process of `role` as a power cut would.
    pub(crate) async fn kill(&mut self, role: &str, number: usize) {
        let part = self.part(role, number);
        let mut child = part.child.take().expect("it runs");
        let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
        kill(pid, Signal::SIGKILL).unwrap();
        child.wait().await.unwrap();
    }

    pub(crate) fn start_again(&mut self, role: &str, number: usize) {
        let place = Place {
            name: self.place.name.clone(),
            ..Place::new(&self.place.mongodb_uri, &self.place.kafka_brokers)
        };
        self.part(role, number).start(&place);
    }

    fn part(&mut self, role: &str, number: usize) -> &mut Part {
        self.parts
            .iter_mut()
            .filter(|part| part.role == role)
            .nth(number)
            .expect("it exists")
    }

    /// Asks every process to end and waits; each must end well.
    pub(crate) async fn stop(mut self) {
        for part in self.parts.iter_mut().rev() {
            if let Some(mut child) = part.child.take() {
                let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
                kill(pid, Signal::SIGTERM).unwrap();
                let ended = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
                let status = ended.unwrap_or_else(|_| panic!("{} does not stop", part.role));
                assert!(status.unwrap().success(), "{} ended badly", part.role);
            }
        }
    }

    /// Waits until nothing is pending, then holds the books against each other.
    pub(crate) async fn audit(&self) -> Value {
        let mut last = Value::Null;
        let deadline = std::time::Instant::now() + Duration::from_secs(90);
        loop {
            let output = self
                .tool("audit")
                .arg("--json")
                .arg(format!(
                    "--orders-database={}",
                    self.place.database("orders")
                ))
                .arg(format!(
                    "--products-database={}",
                    self.place.database("products")
                ))
                .stderr(Stdio::inherit())
                .output()
                .await
                .unwrap();
            if let Ok(findings) = serde_json::from_slice::<Value>(&output.stdout) {
                if output.status.success() {
                    return findings;
                }
                last = findings;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "the books do not agree: {last:#}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Part {
    fn start(&mut self, place: &Place) {
        let log = std::env::var("QUADRILLE_TEST_LOG").unwrap_or_else(|_| "warn".to_owned());
        let child = Command::new(program())
            .args(&self.arguments)
            .env("QUADRILLE_MONGODB_URI", &place.mongodb_uri)
            .env("QUADRILLE_KAFKA_BROKERS", &place.kafka_brokers)
            .env("RUST_LOG", log)
            .env_remove("CI")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("quadrille starts");
        self.child = Some(child);
    }
}
