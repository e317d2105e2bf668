//! A running service.

use std::time::Duration;

use host::Settings;
use outbox::OutboxStore;
use purchases::Purchases;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;
use testkit::{Signer, TestEnvironment, eventually};

/// The service in a demo start, or in earnest.
pub(crate) struct Server {
    pub(crate) environment: TestEnvironment,
    pub(crate) signer: Signer,
    client: Client,
    base: String,
    lifecycle: Lifecycle,
}

impl Server {
    pub(crate) async fn start(demo: bool) -> Self {
        Self::start_in(TestEnvironment::new().await, demo).await
    }

    pub(crate) async fn start_in(environment: TestEnvironment, demo: bool) -> Self {
        let signer = Signer::new();
        let keys = signer.publish().await;
        environment
            .ensure_topics(&host::contract::<Purchases>().topics())
            .await;
        let lifecycle = Lifecycle::new(Duration::from_secs(10));
        let settings = Settings {
            http: HttpSettings::on_free_port(),
            mongo: MongoSettings::new(
                environment.mongodb_uri(),
                &environment.database_name("purchases"),
            ),
            kafka: KafkaSettings::new(environment.kafka_brokers(), &environment.topic_prefix()),
            tokens: TokenSettings::new(&format!("http://{keys}/jwks.json")),
            demo,
        };
        let own = purchases::Settings::default();
        let running = host::start::<Purchases>(settings, own, &lifecycle)
            .await
            .unwrap();
        let server = Self {
            environment,
            signer,
            client: Client::new(),
            base: format!("http://{}", running.address),
            lifecycle,
        };
        eventually("the service is ready", || async {
            server.get("/readyz", None).await.status() == 200
        })
        .await;
        server
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Response {
        let request = self.client.get(format!("{}{path}", self.base));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Response {
        let request = self.client.post(format!("{}{path}", self.base)).json(body);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// Ends it in good order.
    pub(crate) async fn stop(self) -> TestEnvironment {
        self.lifecycle.trigger();
        self.lifecycle.join().await.unwrap();
        self.environment
    }

    /// Takes `count` purchases of `username` and waits until they are published.
    pub(crate) async fn buy(&self, username: &str, count: u32) {
        for number in 0..count {
            let body = purchase(username, &number.to_string());
            assert_eq!(self.post("/buy", None, &body).await.status(), 200);
        }
        let database = self.environment.database("purchases").await;
        let drained = || async { database.backlog().await.unwrap().records == 0 };
        eventually("the outbox is empty", drained).await;
    }

    /// The purchases of `username` as they are listed.
    pub(crate) async fn purchases(&self, username: &str) -> Value {
        let listed = self.get(&format!("/getAllUserBuys/{username}"), None).await;
        let mut listed: Value = listed.json().await.unwrap();
        listed["purchases"].take()
    }
}

pub(crate) fn purchase(username: &str, timestamp: &str) -> Value {
    json!({ "username": username, "userid": "17", "price": "19.99", "timestamp": timestamp })
}

/// The problem's code, with its status checked.
pub(crate) async fn code(response: Response, status: u16) -> String {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let body: Value = response.json().await.unwrap();
    body["code"].as_str().unwrap().to_owned()
}
