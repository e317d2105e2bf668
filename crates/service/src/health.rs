//! Whether a process lives, whether it can serve, and its metrics.
//!
//! `/livez` answers while the process turns; `/readyz` runs the named checks; `/metrics` is
//! Prometheus' text. A check's outcome is kept for a second and shared by all probes, so that
//! probing is cheap.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::http::{METRICS, metrics_text};

/// How long a check may take before it counts as failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an outcome is believed.
const FRESH: Duration = Duration::from_secs(1);
/// What a refused prober is told to wait, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

type Probe =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

struct Check {
    name: &'static str,
    probe: Probe,
    last: Mutex<Option<(Instant, bool)>>,
}

/// The checks of one service; clones share them and their outcomes.
#[derive(Clone, Default)]
pub struct Health {
    checks: Vec<Arc<Check>>,
}

/// What `/readyz` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Readiness {
    /// `ok` or `unavailable`.
    pub status: &'static str,
    /// The first thing that is out of reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// A sentence for people, when not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Every check by name: `ok` or `unavailable`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<&'static str, &'static str>,
}

impl Health {
    /// No checks: always ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check. Its error goes to the log only; probers see `name`.
    #[must_use]
    pub fn check<F, Fut, E>(mut self, name: &'static str, probe: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let probe: Probe = Box::new(move || {
            let outcome = probe();
            Box::pin(async move { outcome.await.map_err(|error| error.to_string()) })
        });
        self.checks.push(Arc::new(Check {
            name,
            probe,
            last: Mutex::new(None),
        }));
        self
    }

    /// Runs the checks side by side, or takes their outcome of the last second.
    pub async fn readiness(&self) -> Readiness {
        let outcomes =
            futures::future::join_all(self.checks.iter().map(|check| check.outcome())).await;
        let word = |well: bool| if well { "ok" } else { "unavailable" };
        let named = || self.checks.iter().map(|check| check.name).zip(&outcomes);
        let reason = named().find(|(_, well)| !**well).map(|(name, _)| name);
        Readiness {
            status: word(reason.is_none()),
            reason,
            detail: reason.map(|name| format!("{name} is out of reach")),
            checks: named().map(|(name, well)| (name, word(*well))).collect(),
        }
    }

    /// [`probes`](Self::probes) and `/metrics`, which is hidden by the middleware where metrics have a port of
    /// their own.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.probes().route(METRICS, get(metrics_text))
    }

    /// `/livez` and `/readyz`.
    pub fn probes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let health = self.clone();
        Router::new()
            .route(
                "/livez",
                get(async || Json(serde_json::json!({ "status": "ok" }))),
            )
            .route("/readyz", get(async move || health.readiness().await))
    }
}

impl IntoResponse for Readiness {
    fn into_response(self) -> Response {
        let uncached = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        if self.reason.is_none() {
            return (uncached, Json(self)).into_response();
        }
        let retry = [(header::RETRY_AFTER, RETRY_AFTER)];
        (StatusCode::SERVICE_UNAVAILABLE, uncached, retry, Json(self)).into_response()
    }
}

impl Check {
    async fn outcome(&self) -> bool {
        // Held while probing, so that probers who come meanwhile share the outcome.
        let mut last = self.last.lock().await;
        if let Some((at, well)) = *last
            && at.elapsed() < FRESH
        {
            return well;
        }
        let before = last.map(|(_, well)| well);
        let outcome = tokio::time::timeout(CHECK_TIMEOUT, (self.probe)())
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())));
        match &outcome {
            Err(reason) if before != Some(false) => {
                tracing::warn!(check = self.name, reason, "out of reach");
            }
            Ok(()) if before == Some(false) => tracing::info!(check = self.name, "back in reach"),
            _ => {}
        }
        *last = Some((Instant::now(), outcome.is_ok()));
        outcome.is_ok()
    }
}
