//! Reading: pages of the catalogue, and logins.
//!
//! A closed loop: each client asks again when it was answered. A reader goes from page to page
//! through a few of each order, as people do, and begins again.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use reqwest::{Client, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::report::Latency;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reading {
    /// Pages of 50 products
    Catalogue,
    /// Logins with the right password
    Login,
}

/// How to read, and where.
#[derive(Debug, Clone)]
pub(crate) struct ReadArgs {
    /// The gateway.
    pub(crate) url: String,
    /// An admin's e-mail address, who adds products that are missing and whose logins are
    /// measured.
    pub(crate) email: String,
    /// Its password.
    pub(crate) password: String,
    /// How many products the catalogue has at least.
    pub(crate) products: usize,
    /// How many clients read at once.
    pub(crate) clients: usize,
    /// For how long.
    pub(crate) time: Duration,
}

/// What a run came to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadReport {
    /// `catalogue` or `login`.
    pub(crate) what: &'static str,
    /// How many products the catalogue had, if that was read.
    pub(crate) products: Option<usize>,
    /// How many clients read at once.
    pub(crate) clients: usize,
    /// Right answers.
    pub(crate) answered: usize,
    /// Any other answers, and none.
    pub(crate) failed: usize,
    /// The first of these.
    pub(crate) first_failure: Option<String>,
    /// Right answers per second.
    pub(crate) per_second: f64,
    /// From a question to its answer.
    pub(crate) answers: Latency,
}

/// How long nothing is counted at first: connections are opened, the catalogue is read.
const WARM_UP: Duration = Duration::from_secs(2);
const PAGE: usize = 50;
/// How many pages a reader goes on before it begins again.
const PAGES_DEEP: u32 = 4;
const ORDERS: [&str; 5] = ["name", "-name", "price", "-price", "newest"];
/// How many products are added at once.
const ADDED_AT_ONCE: usize = 64;

/// Measures `what` in the shop of `args`.
///
/// # Errors
/// When the shop is not reached, the login is refused, or products can't be added.
pub(crate) async fn measure(args: &ReadArgs, what: Reading) -> anyhow::Result<ReadReport> {
    ensure!(args.clients > 0, "at least one client has to read");
    let shop = Arc::new(Shop::new(args)?);
    let products = match what {
        Reading::Catalogue => Some(shop.fill(args.products).await?),
        Reading::Login => None,
    };
    let warm = Instant::now() + WARM_UP;
    let until = warm + args.time;
    let mut clients = JoinSet::new();
    for number in 0..args.clients {
        let shop = Arc::clone(&shop);
        clients.spawn(async move {
            let mut seen = Seen::default();
            let mut reader = Reader::new(number);
            while Instant::now() < until {
                let began = Instant::now();
                let outcome = match what {
                    Reading::Catalogue => reader.page(&shop).await,
                    Reading::Login => shop.log_in().await.map(drop),
                };
                if began >= warm {
                    seen.add(began.elapsed(), outcome);
                }
            }
            seen
        });
    }
    let mut all = Seen::default();
    while let Some(seen) = clients.join_next().await {
        all.join(seen.context("a client broke off")?);
    }
    let took = warm.elapsed();
    Ok(all.report(what, products, args.clients, took))
}

struct Shop {
    client: Client,
    url: String,
    credentials: Value,
}

impl Shop {
    fn new(args: &ReadArgs) -> anyhow::Result<Self> {
        let client = Client::builder()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(1024)
            .timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self {
            client,
            url: args.url.trim_end_matches('/').to_owned(),
            credentials: json!({ "email": args.email, "password": args.password }),
        })
    }

    /// The token of a new login.
    async fn log_in(&self) -> anyhow::Result<String> {
        let login = self.client.post(format!("{}/api/login", self.url));
        let answer = login.json(&self.credentials).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        match body["access_token"].as_str() {
            Some(token) if status == StatusCode::OK => Ok(token.to_owned()),
            _ => bail!("the login was answered with {status}: {body}"),
        }
    }

    /// A page of the catalogue; its products' number and the token of the next one.
    async fn page(&self, query: &[(&str, &str)]) -> anyhow::Result<(usize, Option<String>)> {
        let address = format!("{}/api/products", self.url);
        let address = reqwest::Url::parse_with_params(&address, query)?;
        let answer = self.client.get(address).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status == StatusCode::OK, "{status}: {text}");
        let body: Value = serde_json::from_str(&text)?;
        let products = body["products"].as_array().context("no products")?.len();
        let next = body["next_page_token"].as_str().map(str::to_owned);
        Ok((products, next))
    }

    /// Adds products until there are `wanted`; how many there are then.
    async fn fill(self: &Arc<Self>, wanted: usize) -> anyhow::Result<usize> {
        let there = self.count(wanted).await?;
        let token = self.log_in().await.context("the admin's login")?;
        let category = json!({ "name": "benchmarks" });
        let made = self.post("/api/categories", &token, &category).await?;
        ensure!(
            [StatusCode::CREATED, StatusCode::CONFLICT].contains(&made),
            "the category could not be made: {made}"
        );
        let left = Arc::new(AtomicU64::new(wanted.saturating_sub(there) as u64));
        let mut adding = JoinSet::new();
        for _ in 0..ADDED_AT_ONCE {
            let (shop, left, token) = (Arc::clone(self), Arc::clone(&left), token.clone());
            adding.spawn(async move {
                let one_less = |left: u64| left.checked_sub(1);
                while let Ok(n) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
                {
                    let product = json!({ "product": {
                        "name": format!("read {}", uuid::Uuid::now_v7()),
                        "description": "A hundred signs are what a shop says of a thing that it \
                            sells, more or less; some say more.",
                        "price": n % 5_000, "quantity": 10, "categories": ["benchmarks"],
                    } });
                    let made = shop.post("/api/products", &token, &product).await?;
                    ensure!(
                        made == StatusCode::CREATED,
                        "a product could not be added: {made}"
                    );
                }
                anyhow::Ok(())
            });
        }
        while let Some(added) = adding.join_next().await {
            added.context("adding products broke off")??;
        }
        Ok(there.max(wanted))
    }

    /// How many products there are, counted up to `most`.
    async fn count(&self, most: usize) -> anyhow::Result<usize> {
        let mut count = 0;
        let mut token = None::<String>;
        loop {
            let mut query = vec![("page_size", "200")];
            query.extend(token.as_deref().map(|token| ("page_token", token)));
            let (products, next) = self
                .page(&query)
                .await
                .with_context(|| format!("the catalogue at {} can't be read", self.url))?;
            count += products;
            token = next;
            if token.is_none() || count >= most {
                return Ok(count);
            }
        }
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> anyhow::Result<StatusCode> {
        let asked = self.client.post(format!("{}{path}", self.url));
        Ok(asked.bearer_auth(token).json(body).send().await?.status())
    }
}

/// Someone who goes through the catalogue.
struct Reader {
    order: usize,
    depth: u32,
    next: Option<String>,
}

impl Reader {
    fn new(number: usize) -> Self {
        Self {
            order: number % ORDERS.len(),
            depth: 0,
            next: None,
        }
    }

    async fn page(&mut self, shop: &Shop) -> anyhow::Result<()> {
        let size = PAGE.to_string();
        let mut query = vec![
            ("page_size", size.as_str()),
            ("sort", ORDERS.get(self.order).copied().unwrap_or("name")),
        ];
        query.extend(self.next.as_deref().map(|token| ("page_token", token)));
        let (products, next) = shop.page(&query).await?;
        ensure!(products > 0, "an empty page");
        self.depth += 1;
        self.next = next.filter(|_| self.depth < PAGES_DEEP);
        if self.next.is_none() {
            self.depth = 0;
            self.order = (self.order + 1) % ORDERS.len();
        }
        Ok(())
    }
}

/// What a client saw.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    failed: usize,
    first_failure: Option<String>,
}

impl Seen {
    fn add(&mut self, took: Duration, outcome: anyhow::Result<()>) {
        match outcome {
            Ok(()) => self.times.push(took),
            Err(fault) => {
                self.failed += 1;
                self.first_failure.get_or_insert(format!("{fault:#}"));
            }
        }
    }

    fn join(&mut self, other: Self) {
        self.times.extend(other.times);
        self.failed += other.failed;
        if self.first_failure.is_none() {
            self.first_failure = other.first_failure;
        }
    }

    fn report(
        self,
        what: Reading,
        products: Option<usize>,
        clients: usize,
        took: Duration,
    ) -> ReadReport {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let per_second = self.times.len() as f64 / took.as_secs_f64();
        ReadReport {
            what: match what {
                Reading::Catalogue => "catalogue",
                Reading::Login => "login",
            },
            products,
            clients,
            answered: self.times.len(),
            failed: self.failed,
            per_second,
            answers: Latency::of(self.times.into_iter()),
            first_failure: self.first_failure,
        }
    }
}

impl ReadReport {
    /// Whether every answer was right.
    pub(crate) fn sound(&self) -> bool {
        self.failed == 0 && self.answered > 0
    }
}

impl fmt::Display for ReadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} clients", self.what, self.clients)?;
        if let Some(products) = self.products {
            write!(f, ", {products} products, pages of {PAGE}")?;
        }
        writeln!(f, "\nper second {:>10.0}", self.per_second)?;
        writeln!(f, "failed     {:>10}", self.failed)?;
        if let Some(reason) = &self.first_failure {
            writeln!(f, "  the first: {reason}")?;
        }
        writeln!(
            f,
            "ms         {:>10.1} p50 {:>9.1} p95 {:>9.1} p99 {:>9.1} max",
            self.answers.p50, self.answers.p95, self.answers.p99, self.answers.max
        )
    }
}
