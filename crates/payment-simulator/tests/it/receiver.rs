//! A shop's end of the webhooks, which believes only what is signed.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use payment_simulator::DEMO_WEBHOOK_SECRET;
use serde_json::Value;
use standardwebhooks::Webhook;
use testkit::eventually;

/// A webhook as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) body: Value,
    pub(crate) at: Timestamp,
}

impl Received {
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }
}

struct Shared {
    answer: Mutex<StatusCode>,
    received: Mutex<Vec<Received>>,
}

pub(crate) struct Receiver {
    url: String,
    shared: Arc<Shared>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared {
            answer: Mutex::new(StatusCode::NO_CONTENT),
            received: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let router = Router::new().route("/hooks", post(receive));
        let router = router.with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Answers with `status` from now on.
    pub(crate) fn answers(&self, status: StatusCode) {
        *self.shared.answer.lock().unwrap() = status;
    }

    /// What came, whatever was answered.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// What came, as soon as there is so much.
    pub(crate) async fn comes(&self, count: usize) -> Vec<Received> {
        eventually("the webhooks come", || async {
            self.received().len() >= count
        })
        .await;
        self.received()
    }

    /// The types of what came.
    pub(crate) async fn types(&self, count: usize) -> Vec<String> {
        let all = self.comes(count).await;
        all.iter().map(|one| one.kind().to_owned()).collect()
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let verifier = Webhook::new(DEMO_WEBHOOK_SECRET).unwrap();
    if verifier.verify(&body, &headers).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let answer = *shared.answer.lock().unwrap();
    shared.received.lock().unwrap().push(Received {
        id: headers["webhook-id"].to_str().unwrap().to_owned(),
        body: serde_json::from_slice(&body).unwrap(),
        at: Timestamp::now(),
    });
    answer
}
