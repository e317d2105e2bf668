//! A running provider and its receiver.

use std::ops::Deref;

use payment_simulator::faults::Faults;
use payment_simulator::{DEMO_KEY, PaymentSimulator, Settings};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use testkit::{TestEnvironment, TestService};

use crate::receiver::Receiver;

pub(crate) struct Provider {
    service: TestService,
    client: Client,
    pub(crate) receiver: Receiver,
}

impl Provider {
    /// One with these faults, in a demo start.
    pub(crate) async fn start(faults: Faults) -> Self {
        let receiver = Receiver::start().await;
        Self::start_in(TestEnvironment::new().await, receiver, faults).await
    }

    pub(crate) async fn start_in(
        environment: TestEnvironment,
        receiver: Receiver,
        faults: Faults,
    ) -> Self {
        let settings = Settings {
            webhook_url: Some(receiver.url()),
            faults,
            ..Settings::default()
        };
        Self {
            service: TestService::start::<PaymentSimulator>(environment, true, settings).await,
            client: Client::new(),
            receiver,
        }
    }

    pub(crate) async fn stop(self) -> (TestEnvironment, Receiver) {
        (self.service.stop().await, self.receiver)
    }

    /// Sends a request with the key, and what came of it.
    pub(crate) async fn try_call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> reqwest::Result<Response> {
        let request = self.client.request(method, self.service.url(path));
        let request = request.bearer_auth(DEMO_KEY);
        let request = match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        };
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send().await
    }

    pub(crate) async fn call(&self, path: &str, key: &str, body: &Value) -> Response {
        let called = self.try_call(Method::POST, path, Some(key), Some(body));
        called.await.unwrap()
    }

    /// Asks for `path`.
    pub(crate) async fn ask(&self, path: &str) -> Value {
        let asked = self.try_call(Method::GET, path, None, None).await.unwrap();
        assert_eq!(asked.status(), 200, "{path}");
        asked.json().await.unwrap()
    }

    /// Charges 10.00 under `key`.
    pub(crate) async fn charge(&self, key: &str, token: &str) -> reqwest::Result<Response> {
        let body = charge(token);
        let called = self.try_call(Method::POST, "/v1/intents", Some(key), Some(&body));
        called.await
    }

    /// Charges 10.00 under `key`, which must be answered.
    pub(crate) async fn charged(&self, key: &str, token: &str) -> Value {
        let answer = self.charge(key, token).await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    /// Has an intent captured or voided.
    pub(crate) async fn moved(&self, intent: &Value, what: &str) -> Response {
        let path = format!("/v1/intents/{}/{what}", intent["id"].as_str().unwrap());
        let called = self.try_call(Method::POST, &path, None, None);
        called.await.unwrap()
    }

    pub(crate) async fn refund(&self, intent: &Value, key: &str, amount: i64) -> Response {
        let path = format!("/v1/intents/{}/refunds", intent["id"].as_str().unwrap());
        self.call(&path, key, &json!({ "amount": amount })).await
    }

    /// Puts `faults` in force.
    pub(crate) async fn fails(&self, faults: &Faults) {
        let body = serde_json::to_value(faults).unwrap();
        let put = self.try_call(Method::PUT, "/v1/faults", None, Some(&body));
        assert_eq!(put.await.unwrap().status(), 200);
    }
}

impl Deref for Provider {
    type Target = TestService;

    fn deref(&self) -> &TestService {
        &self.service
    }
}

pub(crate) fn charge(token: &str) -> Value {
    json!({ "amount": 1_000, "currency": "EUR", "token": token, "reference": "order 1" })
}
