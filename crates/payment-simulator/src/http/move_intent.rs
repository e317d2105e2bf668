//! `POST /v1/intents/{id}/capture` and `POST /v1/intents/{id}/void`

use axum::extract::State;
use axum::response::Response;
use host::{IdempotencyKey, RequestContext};
use http::StatusCode;
use outbox::MessageContext;
use outbox::idempotency::Fingerprint;
use service::http::{Path, Problem};

use super::answer::of_intent;
use super::caller::Merchant;
use super::problems;
use super::simulator::Simulator;
use crate::commands::{Move, MoveIntent};
use crate::domain::Behaviour;

/// Takes the money that was promised; what is captured stays so.
pub(super) async fn capture(
    _: Merchant,
    State(simulator): State<Simulator>,
    RequestContext(context): RequestContext,
    Path(id): Path<String>,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    move_intent(&simulator, context, &id, &key, Move::Capture).await
}

/// Gives the promise back; what is voided stays so.
pub(super) async fn void(
    _: Merchant,
    State(simulator): State<Simulator>,
    RequestContext(context): RequestContext,
    Path(id): Path<String>,
    key: IdempotencyKey,
) -> Result<Response, Problem> {
    move_intent(&simulator, context, &id, &key, Move::Void).await
}

async fn move_intent(
    simulator: &Simulator,
    context: MessageContext,
    id: &str,
    key: &IdempotencyKey,
    what: Move,
) -> Result<Response, Problem> {
    let (database, clock) = (simulator.context.database(), simulator.context.clock());
    let faults = simulator.faults.now();
    let tools = simulator.tools(&database, clock.as_ref(), &faults);
    let work = MoveIntent::new(tools, context, id, what);
    let asked = Fingerprint::default().text(what.name()).text(id);
    let retry = key.of(b"intents", asked);
    let done = host::once(&database, clock.as_ref(), retry, work, |changed| {
        of_intent(StatusCode::OK, changed)
    });
    let done = done.await.map_err(problems::of_command)?;
    Ok(simulator.answer(&faults, id, Behaviour::Pays, done).await)
}
