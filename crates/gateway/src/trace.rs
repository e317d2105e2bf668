//! The trace that a request belongs to (W3C Trace Context).

use http::{HeaderMap, HeaderName, HeaderValue};
use service::http::trace_id;
use uuid::Uuid;

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
