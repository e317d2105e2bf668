//! What an event is a consequence of, when a request brought it about.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use outbox::MessageContext;
use service::http::{RequestId, traceparent};

/// The request that a chain of events begins with. An extractor.
#[derive(Debug, Clone)]
pub struct RequestContext(pub MessageContext);

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let id = RequestId::from_request_parts(parts, state).await?;
        Ok(Self(MessageContext {
            correlation_id: Some(id.as_str().to_owned()),
            causation_id: None,
            traceparent: traceparent(&parts.headers).map(str::to_owned),
        }))
    }
}
