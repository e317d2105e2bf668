//! A process's metrics, for who scrapes them: beside the service's routes, or on a port of their
//! own that callers never reach.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::{HeaderValue, header};

use super::{Problem, serve};
use crate::config::HttpSettings;
use crate::lifecycle::Lifecycle;
use crate::telemetry;

/// Where the metrics are, on whichever port.
pub(crate) const METRICS: &str = "/metrics";
/// What chooses their port.
const SETTING: &str = "--metrics-listen (QUADRILLE_METRICS_LISTEN)";

/// Serves the process's metrics, and nothing else, where `settings` name an address for them; the
/// address is given back, for port 0. [`middleware`](super::middleware) keeps them off the
/// service's own port then.
///
/// # Errors
///
/// The operating system's when the address can't be listened on; the text names the setting.
pub async fn serve_metrics(
    settings: &HttpSettings,
    lifecycle: &Lifecycle,
) -> io::Result<Option<SocketAddr>> {
    let Some(address) = settings.metrics_listen else {
        return Ok(None);
    };
    let listener = serve::listen(address, SETTING).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route(METRICS, get(text))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method_not_allowed());
    lifecycle.spawn(
        "metrics http",
        serve::serve(listener, router, lifecycle.shutdown()),
    );
    tracing::info!(%address, "metrics are served on a port of their own");
    Ok(Some(address))
}

/// Prometheus' text.
pub(crate) async fn text() -> impl IntoResponse {
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, text)], telemetry::metrics_text())
}
