//! The whole service, in one or several instances, called over HTTP.

use std::net::Ipv4Addr;
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::{AccountId, OrderCreate, topics};
use http::{HeaderMap, StatusCode};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use orders::{Orders, Settings};
use outbox::kafka::TopicSpec;
use serde_json::{Value, json};
use service::lifecycle::Lifecycle;
use service::token::{Claims, Role};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::fixture::{Shop, customer};

/// What the auth service is to this one: a key, published and used.
pub struct Signer {
    pub key: EncodingKey,
    pub jwks_url: String,
    _server: JoinHandle<()>,
}

impl Signer {
    pub async fn start() -> Self {
        let (key, public) = key_pair();
        let jwks = json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "test",
            "x": URL_SAFE_NO_PAD.encode(public),
        }] });
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let jwks_url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let router = Router::new().route("/jwks.json", get(async || axum::Json(jwks)));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self {
            key,
            jwks_url,
            _server: server,
        }
    }

    pub fn token(&self, account: AccountId, role: Role) -> String {
        self.sign(&claims(account, role))
    }

    pub fn sign(&self, claims: &Claims) -> String {
        sign(&self.key, claims)
    }
}

pub fn key_pair() -> (EncodingKey, Vec<u8>) {
    let document = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    (
        EncodingKey::from_ed_der(document.as_ref()),
        pair.public_key().as_ref().to_vec(),
    )
}

pub fn sign(key: &EncodingKey, claims: &Claims) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some("test".to_owned());
    encode(&header, claims, key).unwrap()
}

pub fn claims(account: AccountId, role: Role) -> Claims {
    let now = jiff::Timestamp::now().as_second();
    Claims {
        sub: account.to_string(),
        email: "aaa@aaa.com".to_owned(),
        role,
        iss: "quadrille".to_owned(),
        aud: "quadrille".to_owned(),
        iat: now,
        exp: now + 900,
        jti: Uuid::now_v7().to_string(),
    }
}

/// A shop with its products and running instances of the service.
pub struct Service {
    pub shop: Shop,
    pub signer: Signer,
    instances: Vec<(String, Lifecycle)>,
}

impl Service {
    pub async fn start(instances: usize) -> Self {
        let shop = Shop::open().await;
        shop.environment().topics(topics::ALL).await;
        let dead_letters = [topics::ORDER_STATUS, topics::PRODUCTS]
            .map(|topic| TopicSpec::dead_letters(topic, "orders", 1));
        shop.environment().ensure_topics(&dead_letters).await;
        let signer = Signer::start().await;
        let mut service = Self {
            shop,
            signer,
            instances: Vec::new(),
        };
        for _ in 0..instances {
            service.add_instance().await;
        }
        service
    }

    async fn add_instance(&mut self) {
        let environment = self.shop.environment();
        let settings = environment.settings::<Orders>(&self.signer.jwks_url);
        let lifecycle = Lifecycle::new(Duration::from_secs(10));
        let running = host::start::<Orders>(settings, Settings::default(), &lifecycle)
            .await
            .unwrap();
        self.instances
            .push((format!("http://{}", running.address), lifecycle));
    }

    /// A client of the instance `instance` who is logged in as `account`.
    pub fn client(&self, instance: usize, account: AccountId, role: Role) -> Client {
        self.with_token(instance, &self.signer.token(account, role))
    }

    pub fn with_token(&self, instance: usize, token: &str) -> Client {
        Client {
            http: reqwest::Client::new(),
            base: self.instances[instance].0.clone(),
            token: Some(token.to_owned()),
        }
    }

    pub fn anyone(&self, instance: usize) -> Client {
        Client {
            token: None,
            ..self.with_token(instance, "")
        }
    }

    pub fn user(&self) -> Client {
        self.client(0, customer(), Role::User)
    }

    /// Waits until the orders' events lie on the topic.
    pub async fn published(&self, count: usize) -> Vec<outbox::Envelope<OrderCreate>> {
        testkit::eventually("orders are published", async || {
            self.shop.environment().read::<OrderCreate>().await.len() >= count
        })
        .await;
        self.shop.environment().read().await
    }

    /// Ends all instances in good order.
    pub async fn stop(self) {
        for (_, lifecycle) in &self.instances {
            lifecycle.trigger();
        }
        for (_, lifecycle) in &self.instances {
            lifecycle.join().await.unwrap();
        }
    }
}

pub struct Client {
    pub http: reqwest::Client,
    pub base: String,
    pub token: Option<String>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The problem's code; fails when this is no proper problem.
    pub fn problem(&self) -> (u16, &str) {
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{}",
            self.body
        );
        let code = self.body["code"].as_str().unwrap();
        assert_eq!(self.body["type"], format!("/docs/errors/{code}"));
        assert_eq!(self.body["status"], self.status.as_u16());
        assert!(
            self.body["detail"].as_str().unwrap().len() > 10,
            "{}",
            self.body
        );
        (self.status.as_u16(), code)
    }

    pub fn text(&self, field: &str) -> &str {
        self.body[field]
            .as_str()
            .unwrap_or_else(|| panic!("no {field}: {}", self.body))
    }

    pub fn orders(&self) -> &[Value] {
        self.body["orders"]
            .as_array()
            .unwrap_or_else(|| panic!("no orders: {}", self.body))
    }
}

impl Client {
    pub fn request(&self, method: http::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(http::Method::GET, path)).await
    }

    pub async fn order(&self, lines: &[(&str, i64)], headers: &[(&str, &str)]) -> Answer {
        let products: Vec<_> = lines
            .iter()
            .map(|(name, quantity)| json!({ "name": name, "quantity": quantity }))
            .collect();
        self.post(&json!({ "products": products }).to_string(), headers)
            .await
    }

    pub async fn post(&self, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self
            .request(http::Method::POST, "/api/orders")
            .header("content-type", "application/json")
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer {
        status,
        headers,
        body,
    }
}
