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

/// The trace id of a W3C `traceparent` header, when there is a well-formed one.
pub fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, span, _flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let drawn = |part: &str| part.bytes().any(|b| b != b'0');
    (hex(version, 2) && hex(trace, 32) && hex(span, 16) && drawn(trace) && drawn(span))
        .then_some(trace)
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

    #[test]
    fn only_a_well_formed_traceparent_names_a_trace() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(
            trace_id(&headers("traceparent", good)),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        for wrong in ["", "00", zero, "00-xyz-00f067aa0ba902b7-01"] {
            assert_eq!(trace_id(&headers("traceparent", wrong)), None, "{wrong}");
        }
    }
}
