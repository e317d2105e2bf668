//! MongoDB away at the start, and later.

use std::sync::Arc;
use std::time::Duration;

use auth::{Auth, Settings};
use reqwest::StatusCode;
use serde_json::{Value, json};
use service::config::{HttpSettings, KafkaSettings, MongoSettings};
use service::lifecycle::Lifecycle;
use testkit::eventually;

use crate::server::{PASSWORD, problem};

struct Client {
    client: reqwest::Client,
    base: String,
}

impl Client {
    async fn get(&self, path: &str) -> reqwest::Response {
        self.client
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> reqwest::Response {
        let url = format!("{}{path}", self.base);
        self.client.post(url).json(body).send().await.unwrap()
    }

    async fn becomes_ready(&self) {
        eventually("the service is ready", || async {
            self.get("/readyz").await.status() == StatusCode::OK
        })
        .await;
    }
}

#[tokio::test]
async fn it_starts_without_the_database_and_outlives_its_absence() {
    let stack = testkit::stack::private().await;
    let (_, mongod) = testkit::stack::servers(&stack);
    mongod.kill().await.unwrap();

    let lifecycle = Lifecycle::new(Duration::from_secs(5));
    let settings = host::Settings {
        http: HttpSettings::on_free_port(),
        mongo: MongoSettings {
            timeout: Duration::from_millis(500),
            ..MongoSettings::new(stack.mongodb_uri(), "auth")
        },
        kafka: KafkaSettings::new(stack.kafka_brokers(), ""),
        ..host::Settings::default()
    };
    let running = host::start::<Auth>(settings, Settings::default(), &lifecycle)
        .await
        .unwrap();
    let service = Arc::new(Client {
        client: reqwest::Client::new(),
        base: format!("http://{}", running.address),
    });
    let credentials = json!({ "email": "a@b.com", "password": PASSWORD });

    let ready = service.get("/readyz").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.headers().contains_key("retry-after"));
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(
        (&ready["status"], &ready["reason"]),
        (&json!("unavailable"), &json!("mongodb"))
    );
    assert_eq!(service.get("/livez").await.status(), StatusCode::OK);
    problem(
        service.get("/.well-known/jwks.json").await,
        503,
        "unavailable",
    )
    .await;
    problem(
        service.post("/api/register", &credentials).await,
        503,
        "unavailable",
    )
    .await;
    problem(
        service.post("/api/login", &credentials).await,
        503,
        "unavailable",
    )
    .await;

    mongod.start().await.unwrap();
    service.becomes_ready().await;
    assert_eq!(
        service.post("/api/register", &credentials).await.status(),
        StatusCode::CREATED
    );
    let tokens: Value = service
        .post("/api/login", &credentials)
        .await
        .json()
        .await
        .unwrap();
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });

    mongod.kill().await.unwrap();
    for (path, body) in [
        ("login", &credentials),
        ("register", &credentials),
        ("refresh", &refresh),
        ("logout", &refresh),
    ] {
        problem(
            service.post(&format!("/api/{path}"), body).await,
            503,
            "unavailable",
        )
        .await;
    }
    // Who has a token goes on: the keys are in memory.
    assert_eq!(
        service.get("/.well-known/jwks.json").await.status(),
        StatusCode::OK
    );

    mongod.start().await.unwrap();
    service.becomes_ready().await;
    assert_eq!(
        service.post("/api/refresh", &refresh).await.status(),
        StatusCode::OK
    );
    problem(
        service.post("/api/register", &credentials).await,
        409,
        "account-exists",
    )
    .await;

    lifecycle.trigger();
    lifecycle.join().await.unwrap();
    stack.shutdown().await;
}
