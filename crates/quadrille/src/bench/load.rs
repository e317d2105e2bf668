//! A load-generating shopper.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// The outcome of one POST.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was answered with 201 after this time.
    Taken(Duration),
    /// It was refused at once, for want of stock.
    SoldOut,
    /// Anything else.
    Failed(String),
}

/// How long a client waits for its order to be settled, in seconds.
const PATIENCE: u32 = 30;

pub(super) struct Shopper {
    client: Client,
    url: String,
    token: String,
}

impl Shopper {
    pub(super) async fn log_in(url: &str, email: &str, password: &str) -> anyhow::Result<Self> {
        let client = Client::builder()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(1024)
            .timeout(Duration::from_secs(60))
            .build()?;
        let url = url.trim_end_matches('/').to_owned();
        let answer = client
            .post(format!("{url}/api/login"))
            .json(&json!({ "email": email, "password": password }))
            .send()
            .await
            .with_context(|| format!("nothing answers at {url}; is `quadrille up` running?"))?;
        if answer.status() != StatusCode::OK {
            bail!("{email} could not log in: {}", answer.text().await?);
        }
        let body: Value = answer.json().await?;
        let token = body["access_token"]
            .as_str()
            .context("no access token")?
            .to_owned();
        Ok(Self { client, url, token })
    }

    /// Makes products for this run alone, so that runs do not share stock, and comes back
    /// when they can be ordered.
    pub(super) async fn stock_up(
        &self,
        plenty: u64,
        scarce: u32,
        orders: u64,
    ) -> anyhow::Result<Vec<String>> {
        let run = Uuid::now_v7().simple().to_string();
        let run = &run[20..];
        self.category().await?;
        let mut products = Vec::new();
        for number in 0..plenty {
            products.push((format!("bench {run} {number}"), orders.saturating_mul(10)));
        }
        if scarce > 0 {
            products.push((format!("bench {run} scarce"), u64::from(scarce)));
        }
        if products.is_empty() {
            bail!("no product to order: give --products or --scarce");
        }
        for (name, quantity) in &products {
            let product = json!({ "product": {
                "name": name, "description": "Made for a benchmark", "price": 5.99,
                "quantity": quantity, "categories": ["benchmarks"],
            } });
            let answer = self.post("/api/products", &product).await?;
            if answer.status() != StatusCode::CREATED {
                bail!("the product could not be made: {}", answer.text().await?);
            }
        }
        let names: Vec<String> = products.into_iter().map(|(name, _)| name).collect();
        for name in &names {
            self.wait_until_orderable(name).await?;
        }
        Ok(names)
    }

    async fn category(&self) -> anyhow::Result<()> {
        let answer = self
            .post("/api/categories", &json!({ "name": "benchmarks" }))
            .await?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::CONFLICT => Ok(()),
            _ => bail!("the category could not be made: {}", answer.text().await?),
        }
    }

    /// Orders learns of a product by its event; until then it answers 404. An order of a
    /// million would be refused for want of stock once the product is known.
    async fn wait_until_orderable(&self, name: &str) -> anyhow::Result<()> {
        let probe = json!({ "products": [{ "name": name, "quantity": 1_000_000 }] });
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.post("/api/orders", &probe).await?;
            match answer.status() {
                StatusCode::NOT_FOUND | StatusCode::SERVICE_UNAVAILABLE => {}
                _ => return Ok(()),
            }
            if Instant::now() > deadline {
                bail!("{name} is in the catalogue but can't be ordered after 30 s");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Places an order of one of each of `names`; with `settled`, the answer comes when it is
    /// settled. The time counts from `due`: a load generator that is late itself must not make
    /// the shop look quicker than it was.
    pub(super) async fn place(&self, names: &[&str], due: Instant, settled: bool) -> Outcome {
        let lines: Vec<Value> = names
            .iter()
            .map(|name| json!({ "name": name, "quantity": 1 }))
            .collect();
        let mut request = self
            .client
            .post(format!("{}/api/orders", self.url))
            .bearer_auth(&self.token)
            .json(&json!({ "products": lines }));
        if settled {
            request = request.header("prefer", format!("wait={PATIENCE}"));
        }
        match request.send().await {
            Ok(answer) => {
                let status = answer.status();
                let text = answer.text().await.unwrap_or_default();
                match status {
                    StatusCode::CREATED if settled && text.contains("\"PENDING\"") => {
                        Outcome::Failed(format!("an order is PENDING after {PATIENCE} s"))
                    }
                    StatusCode::CREATED => Outcome::Taken(due.elapsed()),
                    StatusCode::CONFLICT => Outcome::SoldOut,
                    _ => Outcome::Failed(format!("{status}: {text}")),
                }
            }
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    pub(super) async fn anything_pending(&self) -> anyhow::Result<bool> {
        let url = format!("{}/api/admin/orders?status=PENDING&page_size=1", self.url);
        let answer = self.client.get(url).bearer_auth(&self.token).send().await?;
        let body: Value = answer.error_for_status()?.json().await?;
        Ok(body["orders"]
            .as_array()
            .is_some_and(|orders| !orders.is_empty()))
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<reqwest::Response> {
        let url = format!("{}{path}", self.url);
        Ok(self
            .client
            .post(url)
            .bearer_auth(&self.token)
            .json(body)
            .send()
            .await?)
    }
}
