//! A running service, with a clock that can be put forward.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use auth::{Auth, Settings};
use host::Running;
use jiff::{SignedDuration, Timestamp};
use mongodb::bson::{Document, doc};
use outbox::Clock;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};
use service::lifecycle::Lifecycle;
use service::token::{Claims, Verifier};
use testkit::{TestEnvironment, eventually};
use uuid::Uuid;

pub(crate) const PASSWORD: &str = "correct horse";

/// The machine's time and what was put on top of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct MovableClock(Arc<AtomicI64>);

impl MovableClock {
    pub(crate) fn advance(&self, by: SignedDuration) {
        self.0
            .fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.0.load(Ordering::SeqCst));
        Timestamp::now() + ahead
    }

    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The service on a database of the test's own.
pub(crate) struct Server {
    pub(crate) environment: Arc<TestEnvironment>,
    pub(crate) common: host::Settings,
    pub(crate) settings: Settings,
    pub(crate) running: Running<auth::commands::Auth>,
    pub(crate) clock: MovableClock,
    lifecycle: Lifecycle,
    client: reqwest::Client,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let environment = Arc::new(TestEnvironment::new().await);
        let mut settings = Settings::default();
        // Everybody has this machine's address.
        settings.passwords.hash_queue_per_address = 0;
        change(&mut settings);
        Self::start_on(environment, settings, MovableClock::default()).await
    }

    /// One more instance on the same database.
    pub(crate) async fn another(&self) -> Self {
        Self::start_on(
            self.environment.clone(),
            self.settings.clone(),
            self.clock.clone(),
        )
        .await
    }

    pub(crate) async fn start_on(
        environment: Arc<TestEnvironment>,
        settings: Settings,
        clock: MovableClock,
    ) -> Self {
        let lifecycle = Lifecycle::new(Duration::from_secs(5));
        let common = host::Settings {
            http: HttpSettings::on_free_port(),
            mongo: MongoSettings::new(
                environment.mongodb_uri(),
                &environment.database_name("auth"),
            ),
            kafka: KafkaSettings::new(environment.kafka_brokers(), &environment.topic_prefix()),
            ..host::Settings::default()
        };
        let running = host::start_at::<Auth>(
            common.clone(),
            settings.clone(),
            &lifecycle,
            Arc::new(clock.clone()),
        );
        let running = running.await.unwrap();
        let client = reqwest::Client::new();
        let server = Self {
            environment,
            common,
            settings,
            running,
            clock,
            lifecycle,
            client,
        };
        eventually("the keys are loaded", || async {
            server.get("/.well-known/jwks.json").await.status() == StatusCode::OK
        })
        .await;
        server
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.client
            .post(self.url(path))
            .json(body)
            .send()
            .await
            .unwrap()
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn register(&self, email: &str) {
        let body = json!({ "email": email, "password": PASSWORD });
        let response = self.post("/api/register", &body).await;
        assert_eq!(response.status(), StatusCode::CREATED);
    }

    pub(crate) async fn try_login(&self, email: &str, password: &str) -> Response {
        self.post(
            "/api/login",
            &json!({ "email": email, "password": password }),
        )
        .await
    }

    pub(crate) async fn login(&self, email: &str) -> Tokens {
        Tokens::of(self.try_login(email, PASSWORD).await).await
    }

    pub(crate) async fn try_refresh(&self, token: &str) -> Response {
        self.post("/api/refresh", &json!({ "refresh_token": token }))
            .await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Tokens {
        Tokens::of(self.try_refresh(token).await).await
    }

    pub(crate) async fn is_refused(&self, token: &str) -> bool {
        let response = self.try_refresh(token).await;
        if response.status() == StatusCode::OK {
            return false;
        }
        problem(response, 401, "invalid-refresh-token").await;
        true
    }

    /// The names of the published keys.
    pub(crate) async fn kids(&self) -> Vec<String> {
        let keys: Value = self
            .get("/.well-known/jwks.json")
            .await
            .json()
            .await
            .unwrap();
        let keys = keys["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    /// What the other services check tokens with.
    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::new(&TokenSettings::new(&self.url("/.well-known/jwks.json")))
    }

    pub(crate) async fn collection(&self, name: &str) -> mongodb::Collection<Document> {
        self.environment
            .database("auth")
            .await
            .database()
            .collection(name)
    }

    /// Every document of the service.
    pub(crate) async fn everything(&self) -> BTreeMap<&'static str, Vec<Document>> {
        use futures::TryStreamExt;
        let mut all = BTreeMap::new();
        for name in ["accounts", "refresh_families", "signing_keys"] {
            let collection = self.collection(name).await;
            let found = collection
                .find(doc! {})
                .sort(doc! { "_id": 1 })
                .await
                .unwrap();
            all.insert(name, found.try_collect().await.unwrap());
        }
        all
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.lifecycle.trigger();
    }
}

/// The tokens of a good answer.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) expires_in: i64,
}

impl Tokens {
    pub(crate) async fn of(response: Response) -> Self {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["token-type"], "Bearer");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body: Value = response.json().await.unwrap();
        Self {
            access: body["access_token"].as_str().unwrap().to_owned(),
            refresh: body["refresh_token"].as_str().unwrap().to_owned(),
            expires_in: body["expires_in"].as_i64().unwrap(),
        }
    }

    pub(crate) fn claims(&self) -> Claims {
        jsonwebtoken::dangerous::insecure_decode::<Claims>(&self.access)
            .unwrap()
            .claims
    }

    pub(crate) fn kid(&self) -> String {
        jsonwebtoken::decode_header(&self.access)
            .unwrap()
            .kid
            .unwrap()
    }
}

/// Checks a refusal's form, and returns it.
pub(crate) async fn problem(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status().as_u16(), status, "{code}");
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let headers = response.headers().clone();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(body["type"], format!("/docs/errors/{code}"));
    assert_eq!(body["request_id"], id);
    assert!(body["detail"].as_str().unwrap().len() > 10, "{body}");
    assert_eq!(
        headers.contains_key("www-authenticate"),
        status == 401,
        "{headers:?}"
    );
    assert_eq!(
        headers.contains_key("retry-after"),
        [429, 503].contains(&status),
        "{headers:?}"
    );
    body
}
