//! The one frame around every route of a service.
//!
//! One middleware does all of it instead of a stack of layers: each layer would cost an allocation and a
//! virtual call for every request.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{Method, header};
use opentelemetry::KeyValue;
use tracing::Instrument;

use super::{
    METRICS, Problem, RequestId,
    durations::{Durations, method_label},
    request_id::{REQUEST_ID, trace_id},
};
use crate::{
    config::HttpSettings,
    lifecycle::panic_text,
    telemetry::{Side, Span},
};

/// Largest body in bytes, for refusals that name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyLimit(pub(super) usize);

/// The route of a request that no route is for.
const UNMATCHED: &str = "unmatched";

#[derive(Debug, Clone)]
struct Frame {
    service: &'static str,
    settings: HttpSettings,
    durations: Arc<Durations>,
}

/// Puts [`frame`] around all routes added so far, with problems for unknown paths and methods. Call it
/// last.
pub fn layers<S>(router: Router<S>, service: &'static str, settings: &HttpSettings) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    frame(
        router.fallback(async || Problem::not_found()),
        service,
        settings,
    )
}

/// Puts the frame around all routes and the fallback added so far, for a router with its own fallback.
///
/// It gives each request an id (`x-request-id` of the caller when sane) and a log span, refuses bodies
/// above the limit with 413, answers 503 when no answer begins within the timeout (a stream that has begun
/// may go on), turns panics into 500 and wrong methods into problems, measures
/// `http_server_request_duration_seconds` by service, route, method and status, and tells a span when spans
/// are told; the request's `traceparent` then names that span. Where the settings give metrics a port of
/// their own, `/metrics` is unknown here.
pub fn frame<S>(router: Router<S>, service: &'static str, settings: &HttpSettings) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let frame = Frame {
        service,
        settings: settings.clone(),
        durations: Arc::new(Durations::new(service)),
    };
    router
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(settings.body_limit_bytes))
        .layer(from_fn_with_state(frame, framed))
}

async fn framed(State(frame): State<Frame>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
    let mut told = tell(&frame, route, &method, &mut request, &id);
    let span = tracing::info_span!(
        "request",
        service = frame.service,
        request_id = %id,
        trace_id = trace_id(request.headers()),
        span_id = told.as_ref().map(Span::id),
    );
    let limit = frame.settings.body_limit_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(BodyLimit(limit));

    let answered = async {
        let mut response = if route == METRICS && frame.settings.metrics_listen.is_some() {
            Problem::not_found().into_response()
        } else if announced.is_some_and(|length| length > limit) {
            Problem::body_too_large(limit).into_response()
        } else {
            answer(&frame, request, next).await
        };
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = with_id(&response, &problem, &id);
        }
        response.headers_mut().insert(REQUEST_ID, id.to_header());
        let status = response.status();
        let elapsed = begun.elapsed();
        let (status_code, took) = (status.as_u16(), elapsed.as_secs_f64());
        // What is out of reach the check itself says once, and not at each question of a probe.
        if status.is_server_error() && route != "/readyz" {
            tracing::warn!(target: "http", %method, route, status = status_code, seconds = took, "answered");
        } else {
            tracing::debug!(target: "http", %method, route, status = status_code, seconds = took, "answered");
        }
        frame.durations.record(route, &method, status, took);
        if let Some(told) = &mut told {
            told.answered(status);
        }
        response
    };
    answered.instrument(span).await
}

async fn answer(frame: &Frame, request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(frame.settings.request_timeout, answer).await {
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
fn tell(
    frame: &Frame,
    route: &str,
    method: &Method,
    request: &mut Request,
    id: &RequestId,
) -> Option<Span> {
    if !Span::are_told() || matches!(route, "/livez" | "/readyz" | METRICS | UNMATCHED) {
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
            KeyValue::new("quadrille.service", frame.service),
        ];
        (format!("{method} {route}").into(), shown)
    })
}
