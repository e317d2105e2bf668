//! The name of a request, in its response, in every log line and in the events that it causes.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries a request's id in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id taken over from a caller.
const LONGEST: usize = 64;

/// A request's id: the caller's when it is sane, else a `UUIDv7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Takes over `x-request-id` when it has 1 to 64 characters of `A-Za-z0-9-_`, else draws an id.
    pub fn of(headers: &HeaderMap) -> Self {
        let sane = |text: &&str| {
            (1..=LONGEST).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        match headers
            .get(&REQUEST_ID)
            .and_then(|id| id.to_str().ok())
            .filter(sane)
        {
            Some(id) => Self(id.into()),
            None => Self(Uuid::now_v7().to_string().into()),
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header's value.
    pub fn to_header(&self) -> HeaderValue {
        // Sane ids and UUIDs are always valid in a header.
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| Self::of(&parts.headers)))
    }
}

/// The trace id of the request's `traceparent`, when it has one as [`traceparent`] wants it.
pub fn trace_id(headers: &HeaderMap) -> Option<&str> {
    traceparent(headers)?.get(3..35)
}

/// The request's `traceparent`, when there is one and it is well-formed: 55 characters. Of a
/// version above `00`, which may be longer, these are the first 55 (W3C Trace Context, 3.2 and
/// 3.2.4).
pub fn traceparent(headers: &HeaderMap) -> Option<&str> {
    const LENGTH: usize = 55;
    let mut all = headers.get_all("traceparent").iter();
    let (Some(only), None) = (all.next(), all.next()) else {
        return None;
    };
    let text = only.to_str().ok()?;
    let first = text.get(..LENGTH)?;
    let hex = |part: &str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let drawn = |part: &str| part.bytes().any(|b| b != b'0');
    let parts: Vec<&str> = first.split('-').collect();
    let [version, trace, span, flags] = parts[..] else {
        return None;
    };
    let ends = match version {
        "00" => text.len() == LENGTH,
        "ff" => false,
        _ => matches!(text.as_bytes().get(LENGTH), None | Some(b'-')),
    };
    let fits = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    (ends && fits && drawn(trace) && drawn(span)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn a_sane_id_is_taken_over_and_others_are_replaced() {
        assert_eq!(
            RequestId::of(&headers("x-request-id", "a-B_9")).as_str(),
            "a-B_9"
        );
        for wrong in ["", "a b", "x\u{e9}", "a;b", &"a".repeat(65)] {
            let id = RequestId::of(&headers("x-request-id", wrong));
            assert_eq!(id.as_str().len(), 36, "{wrong:?} became {id}");
        }
    }

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_a_well_formed_traceparent_names_a_trace() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&headers("traceparent", GOOD)), Some(trace));
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        for wrong in [
            "",
            "00",
            zero,
            "00-xyz-00f067aa0ba902b7-01",
            &GOOD.replace("4bf9", "4BF9"),
            &GOOD.replace("00-4", "ff-4"),
            &GOOD.replace("-01", "-0g"),
            &GOOD[..54],
        ] {
            let headers = headers("traceparent", wrong);
            assert_eq!(traceparent(&headers), None, "{wrong}");
            assert_eq!(trace_id(&headers), None, "{wrong}");
        }
        let mut two = headers("traceparent", GOOD);
        two.append("traceparent", HeaderValue::from_static(GOOD));
        assert_eq!(traceparent(&two), None, "which of the two?");
    }

    #[test]
    fn what_follows_a_traceparent_is_never_taken_over() {
        for more in ["-", "-aaaa", "a", &format!("-{}", "a".repeat(32_000))] {
            let text = format!("{GOOD}{more}");
            assert_eq!(traceparent(&headers("traceparent", &text)), None, "00");
            let newer = text.replace("00-4", "01-4");
            let taken = more.starts_with('-').then_some(&newer[..55]);
            assert_eq!(traceparent(&headers("traceparent", &newer)), taken, "01");
        }
    }
}
