//! The trace that a request belongs to (W3C Trace Context).

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::KeyValue;
use service::http::{Problem, trace_id};
use service::telemetry::{Side, Span};
use uuid::Uuid;

use crate::access::Rule;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Keeps a well-formed `traceparent`, else begins a trace.
pub(crate) fn ensure(headers: &mut HeaderMap) {
    if trace_id(headers).is_some() {
        return;
    }
    let trace = Uuid::new_v4().simple();
    let span = Uuid::new_v4().as_u64_pair().1;
    if let Ok(value) = HeaderValue::try_from(format!("00-{trace}-{span:016x}-01")) {
        headers.insert(TRACEPARENT, value);
    }
}

/// Begins the span of a request that is passed on, when spans are exported.
pub(crate) fn hop(headers: &mut HeaderMap, rule: &Rule) -> Option<Span> {
    Span::begin(Side::Client, headers, || {
        let shown = vec![
            KeyValue::new("http.request.method", rule.method.as_str().to_owned()),
            KeyValue::new("peer.service", rule.service),
            KeyValue::new("quadrille.service", "gateway"),
        ];
        (format!("{} {}", rule.method, rule.path).into(), shown)
    })
}

/// Notes on the span what came of it.
pub(crate) fn answered<B>(span: Option<Span>, answer: &Result<http::Response<B>, Problem>) {
    let Some(mut span) = span else { return };
    match answer {
        Ok(response) => span.answered(response.status()),
        Err(_) => span.failed("unavailable"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_broken_trace_is_begun_and_a_good_one_kept() {
        let mut headers = HeaderMap::new();
        ensure(&mut headers);
        let begun = trace_id(&headers).unwrap().to_owned();
        ensure(&mut headers);
        assert_eq!(trace_id(&headers), Some(begun.as_str()));
        headers.insert(TRACEPARENT, HeaderValue::from_static("broken"));
        ensure(&mut headers);
        assert!(trace_id(&headers).is_some());
    }
}
