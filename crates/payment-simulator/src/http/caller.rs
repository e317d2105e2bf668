//! Who may call: whoever has the key.

use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderValue, header};
use service::http::Problem;

use super::simulator::Simulator;
use crate::settings::KeyDigest;

/// How soon to try again in an outage.
const SOON: Duration = Duration::from_secs(1);

/// Somebody with the key. An extractor; 401 without it.
pub(super) struct Operator;

/// Somebody with the key, while the provider is up. An extractor; 503 in an outage.
pub(super) struct Merchant;

impl FromRequestParts<Simulator> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Simulator) -> Result<Self, Problem> {
        let sent = parts.headers.get(header::AUTHORIZATION);
        let sent = sent.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if sent.is_some_and(|key| KeyDigest::of(key) == state.key) {
            return Ok(Self);
        }
        Err(Problem::unauthorized(HeaderValue::from_static("Bearer"))
            .detail("send the provider's secret key as `Authorization: Bearer KEY`"))
    }
}

impl FromRequestParts<Simulator> for Merchant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Simulator) -> Result<Self, Problem> {
        if state.faults.is_down(Instant::now()) {
            return Err(Problem::unavailable(SOON).detail("the provider is down for a while"));
        }
        Operator::from_request_parts(parts, state)
            .await
            .map(|_| Self)
    }
}
