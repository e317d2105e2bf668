//! The trace that a request belongs to (W3C Trace Context).

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::KeyValue;
use service::http::{Problem, traceparent};
use service::telemetry::{Side, Span};
use uuid::Uuid;

use crate::access::Rule;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Keeps what is well-formed of `traceparent`, else begins a trace, to which no `tracestate`
/// belongs.
pub(crate) fn ensure(headers: &mut HeaderMap) {
    let kept = if let Some(kept) = traceparent(headers) {
        kept.to_owned()
    } else {
        headers.remove(TRACESTATE);
        let trace = Uuid::new_v4().simple();
        let span = Uuid::new_v4().as_u64_pair().1;
        format!("00-{trace}-{span:016x}-01")
    };
    if let Ok(value) = HeaderValue::try_from(kept) {
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
        let begun = traceparent(&headers).unwrap().to_owned();
        headers.insert(TRACESTATE, HeaderValue::from_static("vendor=1"));
        ensure(&mut headers);
        assert_eq!(traceparent(&headers), Some(begun.as_str()));
        assert!(headers.contains_key(TRACESTATE));
        let endless = format!("{begun}-{}", "a".repeat(32_000));
        for broken in ["broken", &endless] {
            headers.insert(TRACEPARENT, broken.parse().unwrap());
            ensure(&mut headers);
            assert!(traceparent(&headers).is_some_and(|made| made != begun));
            assert!(!headers.contains_key(TRACESTATE), "it was another trace's");
        }
        let newer = endless.replacen("00-", "01-", 1);
        headers.insert(TRACEPARENT, newer.parse().unwrap());
        ensure(&mut headers);
        assert_eq!(headers[TRACEPARENT], newer[..55]);
    }
}
