//! A gateway before the shop's services, which answer with what reached them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use gateway::Settings;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Client, RequestBuilder};
use serde_json::{Map, Value, json};
use service::http::{bind, serve};
use service::lifecycle::Lifecycle;
use service::token::{Claims, Role};

/// A gateway and what is behind it; all ends with the value.
pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    /// Requests that reached a service, keys not counted.
    pub(crate) reached: Arc<AtomicUsize>,
    pub(crate) lifecycle: Lifecycle,
    key: EncodingKey,
}

/// Where products and orders run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// Each listens at an address.
    Apart,
    /// In the gateway's process, where nobody listens for them.
    InProcess,
}

pub(crate) const PLACES: [Place; 2] = [Place::Apart, Place::InProcess];

/// What a gateway is started with; what is changed here is mostly its settings.
pub(crate) struct Gate {
    pub(crate) settings: Settings,
    pub(crate) shop: gateway::Shop,
    /// Where each service listens.
    pub(crate) addresses: BTreeMap<&'static str, SocketAddr>,
}

impl Gate {
    /// `service` listens at `address`.
    pub(crate) fn moved(&mut self, service: &'static str, address: SocketAddr) {
        self.addresses.insert(service, address);
    }
}

impl Deref for Gate {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

impl DerefMut for Gate {
    fn deref_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }
}

/// Nobody listens here.
pub(crate) const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::at(Place::Apart).await
    }

    pub(crate) async fn at(place: Place) -> Self {
        Self::build(place, |_| {}, Router::new()).await
    }

    /// With other settings, and with `extra` routes at the orders service.
    pub(crate) async fn with(change: impl FnOnce(&mut Gate), extra: Router) -> Self {
        Self::build(Place::Apart, change, extra).await
    }

    pub(crate) async fn build(place: Place, change: impl FnOnce(&mut Gate), extra: Router) -> Self {
        let document =
            Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let keys = json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "kid": "test", "x": BASE64URL.encode(pair.public_key().as_ref()),
        }]});
        let lifecycle = Lifecycle::new(Duration::from_secs(5));
        let reached = Arc::new(AtomicUsize::new(0));
        let mut gate = Gate {
            settings: Settings::default(),
            shop: gateway::Shop {
                services: quadrille::upstreams(),
                ..gateway::Shop::default()
            },
            addresses: BTreeMap::new(),
        };
        for name in quadrille::names() {
            let routes = match name {
                "auth" => Router::new().route(
                    "/.well-known/jwks.json",
                    get({
                        let keys = keys.clone();
                        async || Json(keys)
                    }),
                ),
                "orders" => extra.clone(),
                _ => Router::new(),
            };
            let routes = routes.fallback(echo(name, &reached));
            // The keys are read over a connection in any case.
            let address = if matches!(place, Place::Apart) || name == "auth" {
                upstream(&lifecycle, routes).await
            } else {
                gate.shop.in_process.insert(name, routes.into());
                NOBODY
            };
            gate.addresses.insert(name, address);
        }
        let auth = gate.addresses["auth"];
        gate.tokens.jwks_url = format!("http://{auth}/.well-known/jwks.json");
        gate.http.listen = Some(([127, 0, 0, 1], 0).into());
        change(&mut gate);
        gate.settings.upstreams = gateway::Addresses::of(gate.addresses);
        let running = gateway::start(gate.settings, gate.shop, &lifecycle, None)
            .await
            .unwrap();
        Self {
            address: running.address,
            client: client(),
            reached,
            lifecycle,
            key: EncodingKey::from_ed_der(document.as_ref()),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// How many requests have reached a service.
    pub(crate) fn reached(&self) -> usize {
        self.reached.load(Ordering::SeqCst)
    }

    /// An access token as the auth service signs it.
    pub(crate) fn token(&self, role: Role) -> String {
        let now = jiff::Timestamp::now().as_second();
        let id = || uuid::Uuid::now_v7().to_string();
        let claims = Claims {
            sub: id(),
            email: "aaa@aaa.com".to_owned(),
            role,
            iss: "quadrille".to_owned(),
            aud: "quadrille".to_owned(),
            iat: now,
            exp: now + 900,
            jti: id(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("test".to_owned());
        encode(&header, &claims, &self.key).unwrap()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.lifecycle.trigger();
    }
}

pub(crate) fn client() -> Client {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

/// Serves `router` on a free port of the loopback interface.
pub(crate) async fn upstream(lifecycle: &Lifecycle, router: Router) -> SocketAddr {
    let listener = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.local_addr().unwrap();
    lifecycle.spawn("upstream", serve(listener, router, lifecycle.shutdown()));
    address
}

/// A problem's code and its detail; fails when the answer is no proper problem.
pub(crate) async fn problem(response: reqwest::Response) -> (String, Value) {
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let status = response.status().as_u16();
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"], id);
    let code = body["code"].as_str().unwrap().to_owned();
    assert_eq!(body["type"], format!("/docs/errors/{code}"));
    assert!(
        gateway::codes().any(|known| known == code),
        "{code} has no page"
    );
    (code, body)
}

/// Sends `request` as it stands, and reads until the connection ends.
pub(crate) async fn raw(shop: &Shop, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(shop.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

type Answer = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

fn echo(
    service: &'static str,
    reached: &Arc<AtomicUsize>,
) -> impl Fn(Request) -> Answer + Clone + Send + Sync + 'static {
    let reached = Arc::clone(reached);
    move |request| {
        reached.fetch_add(1, Ordering::SeqCst);
        Box::pin(told(service, request))
    }
}

async fn told(service: &'static str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let headers: Map<String, Value> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").into()))
        .collect();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return http::StatusCode::BAD_REQUEST.into_response();
    };
    let told = json!({
        "service": service,
        "method": parts.method.as_str(),
        "path": parts.uri.to_string(),
        "headers": headers,
        "bytes": bytes.len(),
    });
    let mut response = Json(told).into_response();
    let headers = response.headers_mut();
    headers.insert("location", http::HeaderValue::from_static("/api/orders/1"));
    headers.insert("connection", http::HeaderValue::from_static("x-hop"));
    headers.insert("x-hop", http::HeaderValue::from_static("1"));
    headers.insert("keep-alive", http::HeaderValue::from_static("timeout=5"));
    response.map(Body::new)
}
