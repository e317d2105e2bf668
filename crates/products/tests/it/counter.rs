//! The routes over HTTP, as a client sees them.

use std::net::SocketAddr;

use products::catalogue::MemoryCatalogue;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use service::config::{HttpSettings, TokenSettings};
use service::lifecycle::Shutdown;
use service::token::{Role, Verifier};

use crate::fixture::Shop;
use testkit::Signer;

/// The routes of a shop on a free port, without Kafka.
pub(crate) struct Counter {
    pub(crate) shop: Shop,
    pub(crate) signer: Signer,
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Counter {
    pub(crate) async fn open() -> Self {
        let shop = Shop::open().await;
        let signer = Signer::new();
        let keys = serde_json::from_value(signer.jwks()).unwrap();
        let api = products::http::Api {
            database: shop.database.clone(),
            clock: std::sync::Arc::clone(&shop.clock),
            verifier: Verifier::with_keys(&keys, &TokenSettings::default()),
            catalogue: MemoryCatalogue::new(shop.database.clone()),
        };
        let router = products::http::routes().split_for_parts().0.with_state(api);
        let router = service::http::layers(router, "products", &HttpSettings::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(service::http::serve(listener, router, Shutdown::default()));
        Self {
            shop,
            signer,
            client: Client::new(),
            address,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.client.get(format!("http://{}{path}", self.address));
        answer(request).await
    }

    pub(crate) async fn post_as(&self, token: Option<&str>, path: &str, body: String) -> Answer {
        let request = self.client.post(format!("http://{}{path}", self.address));
        let request = request
            .header("content-type", "application/json")
            .body(body);
        answer(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let admin = self.signer.token(Role::Admin, 600);
        self.post_as(Some(&admin), path, body.to_string()).await
    }

    /// The names that a list shows, in its order.
    pub(crate) async fn names(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("/api/products?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.body);
        names(&answer.body)
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
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

pub(crate) fn names(body: &Value) -> Vec<String> {
    let products = body["products"].as_array().unwrap();
    products
        .iter()
        .map(|product| product["name"].as_str().unwrap().to_owned())
        .collect()
}
