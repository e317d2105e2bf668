//! One look at an instance of a service.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode, Uri, uri::Authority};
use http_body_util::{BodyExt, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// An instance that does not answer in this time counts as away.
const PATIENCE: Duration = Duration::from_secs(3);
/// The largest text of metrics that is read.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What was seen of an instance.
pub(crate) struct Instance {
    /// Whether it says that it is ready.
    pub(crate) ready: bool,
    metrics: Option<String>,
}

impl Instance {
    /// Its metrics, when it gave them.
    pub(crate) fn metrics(&self) -> Option<&str> {
        self.metrics.as_deref()
    }
}

pub(crate) struct Scraper(Client<HttpConnector, Body>);

impl Scraper {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(PATIENCE));
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    pub(crate) async fn look_at(&self, instance: &Authority) -> Instance {
        let (readiness, metrics) = futures::join!(
            self.get(instance, "/readyz"),
            self.get(instance, "/metrics")
        );
        Instance {
            ready: readiness.is_some(),
            metrics,
        }
    }

    /// The text of a good answer.
    async fn get(&self, instance: &Authority, path: &'static str) -> Option<String> {
        let uri = Uri::builder()
            .scheme("http")
            .authority(instance.clone())
            .path_and_query(path)
            .build()
            .ok()?;
        let request = Request::get(uri).body(Body::empty()).ok()?;
        let text = async {
            let response = self.0.request(request).await.ok()?;
            if response.status() != StatusCode::OK {
                return None;
            }
            let body = Limited::new(response.into_body(), MOST_BYTES)
                .collect()
                .await;
            String::from_utf8(body.ok()?.to_bytes().to_vec()).ok()
        };
        tokio::time::timeout(PATIENCE, text).await.ok().flatten()
    }
}
