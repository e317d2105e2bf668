//! `POST /hooks/payments`

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::State;
use host::RequestContext;
use http::{HeaderMap, StatusCode};
use outbox::transact;
use serde::Deserialize;
use service::http::{Problem, ProblemBody};

use super::api::Api;
use super::problems;
use crate::commands::ChangePayment;
use crate::domain::{Balance, Payment};
use crate::provider::Intent;
use crate::schedule::of_charge_key;

/// What the provider tells of a charge.
#[derive(Deserialize)]
struct Webhook {
    data: Intent,
}

/// Takes what the card provider tells of a charge
///
/// Signed as Standard Webhooks say. What is known already, late or of no payment here changes nothing.
#[utoipa::path(
    post, path = "/hooks/payments", tag = "payments",
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 204, description = "It is taken"),
        (status = 401, description = "`invalid-signature`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`body-too-large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: also while no provider is set", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn take_webhook(
    State(api): State<Api>,
    RequestContext(context): RequestContext,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let verifier = api.webhooks.as_ref().ok_or_else(problems::no_provider)?;
    let verified = verifier.verify(&body, &headers);
    verified.map_err(|why| problems::invalid_signature(&why.to_string()))?;
    // A kind of webhook that this build does not know says nothing about a charge.
    let Ok(Webhook { data }) = serde_json::from_slice(&body) else {
        tracing::warn!("a webhook can't be read");
        return Ok(StatusCode::NO_CONTENT);
    };
    let Some((order, attempt)) = of_charge_key(&data.reference) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let Some(outcome) = data.outcome() else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let (database, clock) = (api.context.database(), api.context.clock());
    let rules = api.context.settings().rules();
    let learn = |payment: &mut Payment, _: &Balance| {
        payment.learn(attempt, outcome.clone(), rules);
        Ok::<_, Infallible>(())
    };
    let mut work = ChangePayment::new(&database, clock.as_ref(), order, context, learn);
    let learnt = transact(&database, &mut work).await;
    // Unknown is another shop's charge, or that of a database that was not restored yet.
    learnt
        .map(|_| StatusCode::NO_CONTENT)
        .map_err(|fault| problems::of_store(&fault))
}
