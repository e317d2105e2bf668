//! A service that a test runs.

use std::time::Duration;

use host::{Service, Settings};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;

use crate::{Signer, TestEnvironment, eventually};

impl TestEnvironment {
    /// What `S` runs with in this environment, taking the tokens whose keys are at `jwks_url`.
    pub fn settings<S: Service>(&self, jwks_url: &str) -> Settings {
        Settings {
            http: HttpSettings::on_free_port(),
            mongo: MongoSettings::new(self.mongodb_uri(), &self.database_name(S::NAME)),
            kafka: KafkaSettings::new(self.kafka_brokers(), &self.topic_prefix()),
            tokens: TokenSettings::new(jwks_url),
            ..Settings::default()
        }
    }
}

/// One instance of a service in an environment of its own.
pub struct TestService {
    /// Where it runs.
    pub environment: TestEnvironment,
    /// Whose tokens it takes.
    pub signer: Signer,
    client: Client,
    base: String,
    lifecycle: Lifecycle,
}

impl TestService {
    /// Runs `S` with its own settings `own`, as for a demo or not, and waits until it is ready.
    pub async fn start<S: Service>(
        environment: TestEnvironment,
        demo: bool,
        own: S::Settings,
    ) -> Self {
        let signer = Signer::new();
        let keys = signer.publish().await;
        environment
            .ensure_topics(&host::contract::<S>().topics())
            .await;
        let lifecycle = Lifecycle::new(Duration::from_secs(10));
        let settings = Settings {
            demo,
            ..environment.settings::<S>(&format!("http://{keys}/jwks.json"))
        };
        let running = host::start::<S>(settings, own, &lifecycle).await.unwrap();
        let service = Self {
            environment,
            signer,
            client: Client::new(),
            base: format!("http://{}", running.address),
            lifecycle,
        };
        eventually("the service is ready", || async {
            service.get("/readyz", None).await.status() == 200
        })
        .await;
        service
    }

    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Asks for `path`.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Response {
        send(self.client.get(self.url(path)), token).await
    }

    /// Sends `body` to `path`.
    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Response {
        let request = self.client.post(self.url(path)).json(body);
        send(request, token).await
    }

    /// Sends `body` to `path` with an `Idempotency-Key`.
    pub async fn post_with_key(&self, path: &str, key: &str, body: &Value) -> Response {
        let request = self.client.post(self.url(path)).json(body);
        send(request.header("idempotency-key", key), None).await
    }

    /// A request for `path`, to be sent as the test wants it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Ends it in good order.
    pub async fn stop(self) -> TestEnvironment {
        self.lifecycle.trigger();
        self.lifecycle.join().await.unwrap();
        self.environment
    }
}

async fn send(request: RequestBuilder, token: Option<&str>) -> Response {
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await.unwrap()
}

/// The code of a problem, which came with `status`.
pub async fn problem_code(response: Response, status: u16) -> String {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let body: Value = response.json().await.unwrap();
    body["code"].as_str().unwrap().to_owned()
}
