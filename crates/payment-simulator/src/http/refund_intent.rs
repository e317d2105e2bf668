//! `POST /v1/intents/{id}/refunds`

use axum::extract::State;
use axum::response::Response;
use host::{Answer, IdempotencyKey, RequestContext};
use http::StatusCode;
use outbox::StoreError;
use outbox::idempotency::Fingerprint;
use service::http::{Json, Path, Problem};

use super::answer::{of_intent, required};
use super::body::{NewRefundBody, RefundBody};
use super::caller::Merchant;
use super::problems;
use super::simulator::Simulator;
use crate::body::IntentBody;
use crate::commands::{Changed, RefundIntent};
use crate::domain::Behaviour;

/// Gives money back, in parts as often as there is some left.
pub(super) async fn refund_intent(
    _: Merchant,
    State(simulator): State<Simulator>,
    RequestContext(context): RequestContext,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Json(body): Json<NewRefundBody>,
) -> Result<Response, Problem> {
    let name = required(&key)?;
    if body.amount < 1 {
        return Err(problems::invalid_intent(
            "amount",
            "amount must be at least 1 minor unit",
        ));
    }
    let (database, clock) = (simulator.context.database(), simulator.context.clock());
    let faults = simulator.faults.now();
    let tools = simulator.tools(&database, clock.as_ref(), &faults);
    let work = RefundIntent::new(tools, context, &id, body.amount, name);
    let asked = Fingerprint::default()
        .text("refund")
        .text(&id)
        .value(body.amount.to_be_bytes());
    let retry = key.of(b"intents", asked);
    let done = host::once(&database, clock.as_ref(), retry, work, of_refund);
    let done = done.await.map_err(problems::of_command)?;
    Ok(simulator.answer(&faults, name, Behaviour::Pays, done).await)
}

fn of_refund(changed: &Changed) -> Result<Answer, StoreError> {
    let Some(refund) = &changed.refund else {
        return of_intent(StatusCode::OK, changed);
    };
    let body = RefundBody {
        refund,
        currency: changed.intent.amount.currency,
        intent: IntentBody::from(&changed.intent),
    };
    Answer::json(StatusCode::CREATED, &body)
}
