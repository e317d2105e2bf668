//! A shop whose services run in the test's process, and the binary that looks after it.

use std::process::Output;
use std::sync::Mutex;
use std::time::Duration;

use auth::Auth;
use bson::{Bson, Document, doc};
use carts::Carts;
use futures::TryStreamExt;
use notifications::Notifications;
use orders::Orders;
use outbox::kafka::TopicSpec;
use outbox::mongo::{MongoDatabase, MongoOptions};
use payments::Payments;
use products::Products;
use purchases::Purchases;
use serde_json::{Value, json};
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;
use testkit::{TestEnvironment, eventually_within};

/// An admin, who may also order.
const ADMIN: &str = "admin@admin.com";
const PASSWORD: &str = "correct horse";

pub(crate) struct Shop {
    pub(crate) environment: TestEnvironment,
    auth: Service,
    /// What only listens, and runs all the time.
    listeners: Vec<Service>,
    token: String,
    http: reqwest::Client,
}

/// A service that runs in this process.
pub(crate) struct Service {
    pub(crate) url: String,
    lifecycle: Lifecycle,
}

impl Service {
    pub(crate) async fn stop(self) {
        self.lifecycle.trigger();
        self.lifecycle.join().await.unwrap();
    }
}

/// What a command has answered.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|_| panic!("no JSON: {}{}", self.stdout, self.stderr))
    }

    /// The JSON of a command that must have found everything well.
    pub(crate) fn well(&self) -> Value {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self.json()
    }
}

impl Shop {
    /// A shop of which auth, notifications, carts and payments run, with its topics made.
    pub(crate) async fn open() -> Self {
        let environment = TestEnvironment::new().await;
        make_topics(&environment).await;
        let name = environment.database_name("auth");
        let accounts = MongoSettings::new(environment.mongodb_uri(), &name);
        auth::seed_account(&accounts, ADMIN, PASSWORD, auth::Role::Admin)
            .await
            .unwrap();
        Self::open_in(environment, PASSWORD).await
    }

    /// The same where its topics, its admin, and whatever else there is to be, have been made.
    pub(crate) async fn open_in(environment: TestEnvironment, password: &str) -> Self {
        let lifecycle = Lifecycle::new(Duration::from_secs(10));
        let settings = host::Settings {
            http: HttpSettings::on_free_port(),
            mongo: MongoSettings::new(
                environment.mongodb_uri(),
                &environment.database_name("auth"),
            ),
            kafka: KafkaSettings::new(environment.kafka_brokers(), &environment.topic_prefix()),
            ..Default::default()
        };
        let started = host::start::<Auth>(settings, auth::Settings::default(), &lifecycle).await;
        let address = started.unwrap().address;
        let url = format!("http://{address}");
        let http = reqwest::Client::new();
        let credentials = json!({ "email": ADMIN, "password": password });
        let token = Mutex::new(String::new());
        // Its signing keys are made while it listens already.
        eventually_within(Duration::from_secs(60), "auth lets us in", || async {
            let login = http.post(format!("{url}/api/login")).json(&credentials);
            let Ok(answer) = login.send().await else {
                return false;
            };
            let answer: Value = answer.json().await.unwrap_or_default();
            let found = answer["access_token"].as_str().map(str::to_owned);
            let there = found.is_some();
            *token.lock().unwrap() = found.unwrap_or_default();
            there
        })
        .await;
        let token = token.into_inner().unwrap();
        for service in quadrille::SERVICES {
            let database = environment.database(service.name()).await;
            service.prepare(&database).await.unwrap();
        }
        let mut shop = Self {
            environment,
            auth: Service { url, lifecycle },
            listeners: Vec::new(),
            token,
            http,
        };
        shop.listeners = vec![
            shop.start::<Notifications>(notifications::Settings::default())
                .await,
            shop.start::<Carts>(carts::Settings::default()).await,
            shop.start::<Payments>(payments::Settings::default()).await,
        ];
        shop
    }

    /// With what the admin of a shop that was [opened](Self::open) logs in.
    pub(crate) fn credentials() -> Value {
        json!({ "email": ADMIN, "password": PASSWORD })
    }

    /// The admin's access token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    fn tokens(&self) -> TokenSettings {
        TokenSettings::new(&self.jwks_url())
    }

    pub(crate) fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.auth.url)
    }

    fn kafka(&self) -> KafkaSettings {
        KafkaSettings {
            session_timeout: Duration::from_secs(6),
            ..KafkaSettings::new(
                self.environment.kafka_brokers(),
                &self.environment.topic_prefix(),
            )
        }
    }

    pub(crate) async fn start_products(&self) -> Service {
        self.start::<Products>(products::Settings::default()).await
    }

    pub(crate) async fn start_orders(&self) -> Service {
        self.start::<Orders>(orders::Settings::default()).await
    }

    pub(crate) async fn start_purchases(&self) -> Service {
        let own = purchases::Settings::default();
        self.start::<Purchases>(own).await
    }

    async fn start<S: host::Service>(&self, own: S::Settings) -> Service {
        let lifecycle = Lifecycle::new(Duration::from_secs(10));
        let settings = host::Settings {
            http: HttpSettings::on_free_port(),
            mongo: MongoSettings::new(
                self.environment.mongodb_uri(),
                &self.environment.database_name(S::NAME),
            ),
            kafka: self.kafka(),
            tokens: self.tokens(),
            ..Default::default()
        };
        let running = host::start::<S>(settings, own, &lifecycle).await.unwrap();
        self.ready(format!("http://{}", running.address), lifecycle)
            .await
    }

    async fn ready(&self, url: String, lifecycle: Lifecycle) -> Service {
        eventually_within(Duration::from_secs(60), "the service is ready", || async {
            let answer = self.http.get(format!("{url}/readyz")).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        Service { url, lifecycle }
    }

    /// Adds products, each with so many pieces, and waits until they can be ordered.
    pub(crate) async fn stock(&self, products: &Service, names: &[&str], quantity: u32) {
        for name in names {
            let product = json!({ "product": { "name": name, "description": "for a test",
                "price": 2.5, "quantity": quantity, "categories": [] } });
            let answer = self
                .http
                .post(format!("{}/api/products", products.url))
                .bearer_auth(&self.token)
                .json(&product)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
        }
        let database = self.database("orders").await;
        let copies = database.database().collection::<Document>("product_copies");
        eventually_within(
            Duration::from_secs(60),
            "the products are known",
            || async {
                let known = copies.distinct("name", doc! {}).await.unwrap();
                names.iter().all(|name| known.contains(&Bson::from(*name)))
            },
        )
        .await;
    }

    /// Places an order and gives its id.
    pub(crate) async fn order(&self, orders: &Service, lines: &[(&str, u32)]) -> String {
        self.order_at(&orders.url, lines).await
    }

    pub(crate) async fn order_at(&self, url: &str, lines: &[(&str, u32)]) -> String {
        let lines: Vec<Value> = lines
            .iter()
            .map(|(name, quantity)| json!({ "name": name, "quantity": quantity }))
            .collect();
        let answer = self
            .http
            .post(format!("{url}/api/orders"))
            .bearer_auth(&self.token)
            .json(&json!({ "products": lines }))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, url: &str) -> String {
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    }

    /// Waits until nothing is pending, unsent or not handled.
    pub(crate) async fn settle(&self) {
        let orders = orders::store::MongoOrders::new(self.database("orders").await);
        eventually_within(
            Duration::from_secs(60),
            "every order is settled",
            || async { orders.pending_count().await.unwrap() == 0 },
        )
        .await;
        // Twice the same: between two looks at one audit's sources a message may change places.
        let before = Mutex::new(Value::Null);
        eventually_within(Duration::from_secs(60), "the shop is at rest", || async {
            let found = self.quadrille(&["audit", "--json"]).await.json();
            let earlier = std::mem::replace(&mut *before.lock().unwrap(), found.clone());
            found["lag"] == 0 && found["outbox_records"] == 0 && found == earlier
        })
        .await;
    }

    pub(crate) async fn database(&self, service: &str) -> MongoDatabase {
        let name = self.environment.database_name(service);
        MongoDatabase::connect(
            self.environment.mongodb_uri(),
            &name,
            MongoOptions::default(),
        )
        .await
        .unwrap()
    }

    /// Changes a document behind the services' backs.
    pub(crate) async fn damage(&self, service: &str, table: &str, id: &str, change: Document) {
        let database = self.database(service).await;
        let table = database.database().collection::<Document>(table);
        let done = table
            .update_one(doc! { "_id": key(id) }, change)
            .await
            .unwrap();
        assert_eq!(done.modified_count, 1, "{id}");
    }

    /// Deletes a document behind the services' backs.
    pub(crate) async fn lose(&self, service: &str, table: &str, id: &str) {
        let database = self.database(service).await;
        let table = database.database().collection::<Document>(table);
        let done = table.delete_one(doc! { "_id": key(id) }).await.unwrap();
        assert_eq!(done.deleted_count, 1, "{id}");
    }

    /// Puts a document in behind the services' backs.
    pub(crate) async fn slip_in(&self, service: &str, table: &str, document: Document) {
        let database = self.database(service).await;
        let table = database.database().collection::<Document>(table);
        table.insert_one(document).await.unwrap();
    }

    /// Every document of a table, by id.
    pub(crate) async fn all(&self, service: &str, table: &str) -> Vec<Document> {
        let database = self.database(service).await;
        let table = database.database().collection::<Document>(table);
        let found = table.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
        found.try_collect().await.unwrap()
    }

    /// The id of the product `name`.
    pub(crate) async fn product_id(&self, name: &str) -> String {
        let products = self.all("products", "products").await;
        let found = products
            .iter()
            .find(|product| product.get_str("name").is_ok_and(|found| found == name))
            .unwrap();
        let id = found.get("_id").unwrap().clone();
        bson::deserialize_from_bson::<bson::Uuid>(id)
            .unwrap()
            .to_string()
    }

    /// Everything that the services keep, but for where they stand: what a replay must not change.
    pub(crate) async fn contents(&self) -> Vec<(String, Vec<Document>)> {
        let tables = [
            ("orders", "orders"),
            ("orders", "product_copies"),
            ("orders", "idempotency"),
            ("products", "products"),
            ("products", "categories"),
            ("products", "reservations"),
        ];
        let mut contents = Vec::new();
        for (service, table) in tables {
            let documents = self.all(service, table).await;
            contents.push((format!("{service}.{table}"), documents));
        }
        contents
    }

    /// Runs a command of the binary against this shop.
    pub(crate) async fn quadrille(&self, arguments: &[&str]) -> Answer {
        let mut command = self.command(arguments);
        answer(&command.output().await.unwrap())
    }

    /// The same, not run yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        command(&self.environment, arguments)
    }

    /// Ends what runs all the time.
    pub(crate) async fn close(self) {
        for listener in self.listeners {
            listener.stop().await;
        }
        self.auth.stop().await;
    }
}

/// Makes every topic of the shop.
pub(crate) async fn make_topics(environment: &TestEnvironment) {
    let contracts = quadrille::SERVICES.iter().map(|service| service.contract());
    let mut specs: Vec<TopicSpec> = contracts.flat_map(|contract| contract.topics()).collect();
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    specs.dedup_by(|a, b| a.name == b.name);
    environment.ensure_topics(&specs).await;
}

/// A command of the binary about the shop in `environment`, not run yet.
pub(crate) fn command(
    environment: &TestEnvironment,
    arguments: &[&str],
) -> tokio::process::Command {
    let mut command = tokio::process::Command::from(crate::quadrille(arguments));
    command
        .arg(format!("--mongodb-uri={}", environment.mongodb_uri()))
        .arg(format!("--kafka-brokers={}", environment.kafka_brokers()))
        .arg(format!("--topic-prefix={}", environment.topic_prefix()));
    let databases = environment.database_name("{service}");
    command.arg(format!("--databases={databases}"));
    command.kill_on_drop(true);
    command
}

pub(crate) fn answer(output: &Output) -> Answer {
    Answer {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// An id as the databases keep it.
pub(crate) fn key(id: &str) -> bson::Uuid {
    bson::Uuid::parse_str(id).unwrap()
}
