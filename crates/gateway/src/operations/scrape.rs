//! One look at the instances of a service.

use std::time::Duration;

use axum::body::Body;
use futures::future::join_all;
use http::uri::Authority;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// An instance that does not answer in this time counts as away.
const PATIENCE: Duration = Duration::from_secs(3);
/// The largest text of metrics that is read.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What was seen of a service.
#[derive(Default)]
pub(crate) struct Seen {
    /// How many instances were looked at.
    pub(crate) instances: usize,
    /// How many of them say that they are ready.
    pub(crate) ready: usize,
    /// The metrics of those that gave them.
    pub(crate) metrics: Vec<String>,
}

pub(crate) struct Scraper(Client<HttpConnector, Body>);

impl Scraper {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(PATIENCE));
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// Asks `instances` whether they are ready, and `metrics`, which may be ports of their own, for
    /// metrics.
    pub(crate) async fn look_at(&self, instances: &[Authority], metrics: &[Authority]) -> Seen {
        let (readiness, metrics) = futures::join!(
            join_all(instances.iter().map(|one| self.get(one, "/readyz"))),
            join_all(metrics.iter().map(|one| self.get(one, "/metrics"))),
        );
        Seen {
            instances: instances.len(),
            ready: readiness.iter().flatten().count(),
            metrics: metrics.into_iter().flatten().collect(),
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
