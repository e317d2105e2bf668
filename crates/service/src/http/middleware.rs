//! The one middleware around every route of a service.
//!
//! One middleware does all of it instead of a stack of layers: each layer would cost an allocation
//! and a virtual call for every request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Method, header};
use opentelemetry::KeyValue;
use tracing::Instrument;

use super::durations::{Durations, method_label};
use super::request_id::{REQUEST_ID, trace_id};
use super::{METRICS, Problem, RequestId};
use crate::config::HttpSettings;
use crate::lifecycle::panic_text;
use crate::telemetry::{Side, Span};

/// Largest body in bytes, for refusals that name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimit(pub(super) usize);

/// A browser takes an answer for what its content type says, and for nothing else.
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");

/// The route of a request that no route is for.
const UNMATCHED: &str = "unmatched";

#[derive(Debug, Clone)]
struct Middleware {
    service: &'static str,
    settings: HttpSettings,
    durations: Arc<Durations>,
}

/// Puts [`middleware`] around all routes added so far, with problems for unknown paths and methods.
/// Call it last.
pub fn layers<S>(router: Router<S>, service: &'static str, settings: &HttpSettings) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    middleware(
        router.fallback(async || Problem::not_found()),
        service,
        settings,
    )
}

/// Puts the middleware around all routes and the fallback added so far, for a router with its own
/// fallback.
///
/// It gives each request an id (`x-request-id` of the caller when sane) and a log span, refuses
/// bodies above the limit with 413 and compressed ones with 415, answers 503 when no answer begins
/// within the timeout (a stream that has begun may go on), turns panics into 500 and wrong methods
/// into problems, measures `http_server_request_duration_seconds` by service, route, method and
/// status, and exports a span when spans are exported; the request's `traceparent` then names that
/// span. Where the settings give metrics a port of their own, `/metrics` is unknown here.
pub fn middleware<S>(router: Router<S>, service: &'static str, settings: &HttpSettings) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let middleware = Middleware {
        service,
        settings: settings.clone(),
        durations: Arc::new(Durations::new(service)),
    };
    router
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(settings.body_limit_bytes))
        .layer(from_fn_with_state(middleware, handle))
}

async fn handle(
    State(middleware): State<Middleware>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let mut otel_span = begin_span(&middleware, route, &method, &mut request, &id);
    let span = tracing::info_span!(
        "request",
        service = middleware.service,
        request_id = %id,
        trace_id = trace_id(request.headers()),
        span_id = otel_span.as_ref().map(Span::id),
    );
    let limit = middleware.settings.body_limit_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(BodyLimit(limit));

    let answered = async {
        let mut response = if route == METRICS && middleware.settings.metrics_listen.is_some() {
            Problem::not_found().into_response()
        } else if announced.is_some_and(|length| length > limit) {
            Problem::body_too_large(limit).into_response()
        } else if let Some(coding) = coding_of(request.headers()) {
            coded_body(&coding).into_response()
        } else {
            answer(&middleware, request, next).await
        };
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = with_id(&response, &problem, &id);
        }
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id.to_header());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
        let status = response.status();
        let elapsed = begun.elapsed();
        let (status_code, took) = (status.as_u16(), elapsed.as_secs_f64());
        // What is out of reach the check itself says once, and not at each question of a probe.
        if status.is_server_error() && route != "/readyz" {
            tracing::warn!(target: "http", %method, route, status = status_code, seconds = took, "answered");
        } else {
            tracing::debug!(target: "http", %method, route, status = status_code, seconds = took, "answered");
        }
        middleware.durations.record(route, &method, status, took);
        if let Some(otel_span) = &mut otel_span {
            otel_span.answered(status);
        }
        response
    };
    answered.instrument(span).await
}

/// How the body is coded, when it is not as it stands.
fn coding_of(headers: &HeaderMap) -> Option<String> {
    let coded = |value: &&HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    let coding = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .find(coded)?;
    Some(String::from_utf8_lossy(coding.as_bytes()).into_owned())
}

fn coded_body(coding: &str) -> Problem {
    Problem::unsupported_media_type()
        .detail(format!(
            "the body is sent with `Content-Encoding: {coding}`; send it as it is, without that header"
        ))
        .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
}

async fn answer(middleware: &Middleware, request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(middleware.settings.request_timeout, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => Problem::internal_text(&panic_text(panic.as_ref())).into_response(),
        Err(_) => Problem::timeout().into_response(),
    }
}

/// The problem once more with the request's id, keeping what the router added (`Allow`).
fn with_id(before: &Response, problem: &Problem, id: &RequestId) -> Response {
    let mut response = problem.render(Some(id.as_str()));
    for (name, value) in before.headers() {
        if name != header::CONTENT_LENGTH && !response.headers().contains_key(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// Begins the request's span. What asks whether we live would fill every trace store.
fn begin_span(
    middleware: &Middleware,
    route: &str,
    method: &Method,
    request: &mut Request,
    id: &RequestId,
) -> Option<Span> {
    if !Span::are_exported() || matches!(route, "/livez" | "/readyz" | METRICS | UNMATCHED) {
        return None;
    }
    let path = request.uri().path().to_owned();
    Span::begin(Side::Server, request.headers_mut(), || {
        let method = method_label(method);
        let shown = vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.to_owned()),
            KeyValue::new("url.path", path),
            KeyValue::new("request.id", id.as_str().to_owned()),
            KeyValue::new("quadrille.service", middleware.service),
        ];
        (format!("{method} {route}").into(), shown)
    })
}
