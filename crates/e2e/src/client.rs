//! A client of the shop as anyone would write it.

use std::time::Duration;

use anyhow::Context;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// An HTTP client with a shop's address and, once logged in, a token.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

/// An answer: its status, its headers and its JSON (`null` when there is none).
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
}

impl Answer {
    /// A member of the body as text; empty when it is none.
    pub fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_default()
    }

    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|it| it.to_str().ok()).unwrap_or_default()
    }
}

impl Client {
    /// A visitor of the shop at `url`, who waits a minute for each answer.
    pub fn new(url: &str) -> Self {
        Self::with_patience(url, Duration::from_secs(60))
    }

    /// A visitor who waits for an answer no longer than `patience`.
    pub fn with_patience(url: &str, patience: Duration) -> Self {
        let http = reqwest::Client::builder()
            .timeout(patience)
            .build()
            .unwrap_or_default();
        Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            token: None,
        }
    }

    /// The same client with the token of `email`.
    ///
    /// # Errors
    /// When the shop is not reached or does not let it in.
    pub async fn log_in(&self, email: &str, password: &str) -> anyhow::Result<Self> {
        let credentials = json!({ "email": email, "password": password });
        let answer = self
            .send(Method::POST, "/api/login", Some(&credentials), &[])
            .await?;
        anyhow::ensure!(answer.status == StatusCode::OK, "{email}: {answer:?}");
        let token = answer.body["access_token"]
            .as_str()
            .context("no access token")?;
        Ok(Self {
            token: Some(token.to_owned()),
            ..self.clone()
        })
    }

    /// GET `path`.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, None, &[]).await
    }

    /// POST `body` to `path`.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    /// Places an order of (name, quantity) lines; waits up to `wait` seconds until it is settled.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn order(&self, lines: &[(&str, u32)], wait: u32) -> anyhow::Result<Answer> {
        let lines: Vec<Value> = lines
            .iter()
            .map(|(name, quantity)| json!({ "name": name, "quantity": quantity }))
            .collect();
        let prefer = format!("wait={wait}");
        let headers: &[(&str, &str)] = if wait > 0 {
            &[("prefer", &prefer)]
        } else {
            &[]
        };
        self.send(
            Method::POST,
            "/api/orders",
            Some(&json!({ "products": lines })),
            headers,
        )
        .await
    }

    /// Any request.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await?;
        Ok(Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
        })
    }
}
