//! The way from the provider's webhooks to the shop: the shop's address is known after the provider's start, and
//! what came can be sent again.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use reqwest::Client;

#[derive(Default)]
struct Shared {
    to: Mutex<Option<String>>,
    came: Mutex<Vec<(HeaderMap, Bytes)>>,
    client: Client,
}

#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

impl Relay {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(pass));
        let router = router.with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    /// Passes what comes on to `url`; until then nothing gets through.
    pub(crate) fn leads_to(&self, url: Option<String>) {
        *self.shared.to.lock().unwrap() = url;
    }

    /// What came so far.
    pub(crate) fn came(&self) -> usize {
        self.shared.came.lock().unwrap().len()
    }

    /// Sends all that came again, the last first.
    pub(crate) async fn again_in_reverse(&self) -> Vec<u16> {
        let all = self.shared.came.lock().unwrap().clone();
        let mut answers = Vec::new();
        for (headers, body) in all.into_iter().rev() {
            answers.push(send(&self.shared, headers, body).await.as_u16());
        }
        answers
    }
}

async fn send(shared: &Shared, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(url) = shared.to.lock().unwrap().clone() else {
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    let mut request = shared.client.post(url).body(body);
    for (name, value) in &headers {
        if name.as_str().starts_with("webhook-") || name == "content-type" {
            request = request.header(name, value);
        }
    }
    request.send().await.unwrap().status()
}

async fn pass(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    shared
        .came
        .lock()
        .unwrap()
        .push((headers.clone(), body.clone()));
    send(&shared, headers, body).await
}
