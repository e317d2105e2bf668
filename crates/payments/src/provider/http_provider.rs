//! The provider over HTTP, as `payment-simulator` speaks.

use std::time::Duration;

use events::Money;
use http::{Method, StatusCode};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::port::{PaymentProvider, ProviderError};
use crate::domain::Outcome;

/// How long the provider may take for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The provider at an address.
pub struct HttpProvider {
    client: Client,
    access: Option<Access>,
}

/// Where the provider is, and by what it knows us.
struct Access {
    url: String,
    key: SecretString,
}

/// What the provider says of a charge.
#[derive(Debug, Deserialize)]
pub(crate) struct Intent {
    id: String,
    pub(crate) reference: String,
    status: String,
    decline_reason: Option<String>,
}

impl Intent {
    /// What that means; `None` for a status of a provider that is newer than we are.
    pub(crate) fn outcome(self) -> Option<Outcome> {
        let provider_id = self.id;
        Some(match self.status.as_str() {
            "requires_capture" => Outcome::Authorized { provider_id },
            "captured" | "refunded" => Outcome::Captured { provider_id },
            "voided" => Outcome::Voided { provider_id },
            "declined" => Outcome::Declined {
                reason: self.decline_reason.unwrap_or_else(|| "declined".to_owned()),
            },
            _ => return None,
        })
    }
}

#[derive(Debug, Deserialize)]
struct Intents {
    intents: Vec<Intent>,
}

impl HttpProvider {
    /// The provider at `url`, which knows us by `key`; without one of them nothing can be asked.
    pub fn new(url: Option<String>, key: Option<SecretString>) -> Self {
        let access = url.zip(key).map(|(url, key)| Access {
            url: url.trim_end_matches('/').to_owned(),
            key,
        });
        Self {
            client: Client::new(),
            access,
        }
    }

    /// A request of `path`, with what it asks for in `query`.
    fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<RequestBuilder, ProviderError> {
        let unset = "no card provider is set (--payment-provider-url, --payment-provider-key)";
        let access = self.access.as_ref();
        let access = access.ok_or_else(|| ProviderError::Unknown(unset.to_owned()))?;
        let url = format!("{}{path}", access.url);
        let url = if query.is_empty() {
            Url::parse(&url)
        } else {
            Url::parse_with_params(&url, query)
        };
        let url = url.map_err(|fault| ProviderError::Unknown(fault.to_string()))?;
        let request = self.client.request(method, url).timeout(PATIENCE);
        Ok(request.bearer_auth(access.key.expose_secret()))
    }

    fn post(&self, path: &str) -> Result<RequestBuilder, ProviderError> {
        self.request(Method::POST, path, &[])
    }

    /// Moves the charge `id`. A refusal that names where the charge stands is an answer, too.
    async fn move_charge(&self, id: &str, how: &str) -> Result<Outcome, ProviderError> {
        let moved = self.post(&format!("/v1/intents/{id}/{how}"))?;
        let (status, mut body) = send(moved).await?;
        if status == StatusCode::CONFLICT && body["code"] == "intent-state" {
            body["id"] = Value::from(id);
            body["reference"] = Value::from("");
            return outcome(status, body);
        }
        if status.is_success() {
            return outcome(status, body);
        }
        Err(of_answer(status, &body))
    }
}

/// The answer's status and body.
async fn send(request: RequestBuilder) -> Result<(StatusCode, Value), ProviderError> {
    let unknown = |fault: reqwest::Error| {
        let text = format!("the provider did not answer: {}", fault.without_url());
        ProviderError::Unknown(text)
    };
    let answer = request.send().await.map_err(unknown)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(unknown)?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// What a charge has come to, as the provider tells it.
fn outcome(status: StatusCode, body: Value) -> Result<Outcome, ProviderError> {
    let unreadable =
        || ProviderError::Unknown(format!("the provider's answer ({status}) can't be read"));
    let intent: Intent = serde_json::from_value(body).map_err(|_| unreadable())?;
    intent.outcome().ok_or_else(unreadable)
}

/// An answer that is none. What the provider refuses for what it was asked it refuses for ever; anything else
/// passes, also a key that is wrong for now.
fn of_answer(status: StatusCode, body: &Value) -> ProviderError {
    let code = body["code"].as_str().unwrap_or_default();
    let text = format!("the provider answered {} {code}", status.as_u16());
    match code {
        "idempotency-key-reused" | "refund-too-large" | "intent-state" | "invalid-intent" => {
            ProviderError::Refused(text)
        }
        _ => ProviderError::Unknown(text),
    }
}

impl PaymentProvider for HttpProvider {
    async fn charge(
        &self,
        key: &str,
        amount: Money,
        token: &str,
    ) -> Result<Outcome, ProviderError> {
        let body = json!({
            "amount": amount.minor, "currency": amount.currency, "token": token, "reference": key,
        });
        let request = self.post("/v1/intents")?.header("idempotency-key", key);
        let (status, body) = send(request.json(&body)).await?;
        if status.is_success() {
            return outcome(status, body);
        }
        if body["code"] == "invalid-intent" {
            let reason = format!("invalid-{}", body["field"].as_str().unwrap_or("charge"));
            return Ok(Outcome::Declined { reason });
        }
        Err(of_answer(status, &body))
    }

    async fn find(&self, key: &str) -> Result<Option<Outcome>, ProviderError> {
        let request = self.request(Method::GET, "/v1/intents", &[("idempotency_key", key)])?;
        let (status, body) = send(request).await?;
        if !status.is_success() {
            return Err(of_answer(status, &body));
        }
        let unreadable = |_| ProviderError::Unknown("the provider's list can't be read".to_owned());
        let found: Intents = serde_json::from_value(body).map_err(unreadable)?;
        let found = found.intents.into_iter().next();
        Ok(found.and_then(Intent::outcome))
    }

    async fn capture(&self, id: &str) -> Result<Outcome, ProviderError> {
        self.move_charge(id, "capture").await
    }

    async fn void(&self, id: &str) -> Result<Outcome, ProviderError> {
        self.move_charge(id, "void").await
    }

    async fn refund(&self, id: &str, key: &str, amount: Money) -> Result<(), ProviderError> {
        let path = format!("/v1/intents/{id}/refunds");
        let request = self.post(&path)?.header("idempotency-key", key);
        let request = request.json(&json!({ "amount": amount.minor }));
        let (status, body) = send(request).await?;
        if status.is_success() {
            return Ok(());
        }
        Err(of_answer(status, &body))
    }
}
