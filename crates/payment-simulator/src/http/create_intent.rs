//! `POST /v1/intents`

use axum::extract::State;
use axum::response::Response;
use events::Money;
use host::{IdempotencyKey, RequestContext};
use http::StatusCode;
use outbox::idempotency::Fingerprint;
use service::http::{Json, Problem};

use super::answer::{of_intent, required};
use super::body::NewIntentBody;
use super::caller::Merchant;
use super::problems;
use super::simulator::Simulator;
use crate::commands::{CreateIntent, NewIntent};
use crate::domain::CardToken;

/// The largest amount that is charged, in minor units.
const LARGEST: i64 = 1_000_000_000_000;
/// The most characters of a reference.
const LONGEST_REFERENCE: usize = 200;

/// Authorises a charge, or has it declined.
pub(super) async fn create_intent(
    _: Merchant,
    State(simulator): State<Simulator>,
    RequestContext(context): RequestContext,
    key: IdempotencyKey,
    Json(body): Json<NewIntentBody>,
) -> Result<Response, Problem> {
    let name = required(&key)?;
    let asked = Fingerprint::default()
        .text("create")
        .value(body.amount.to_be_bytes())
        .text(body.currency.code())
        .text(&body.token)
        .text(&body.reference);
    let new = checked(body, name)?;
    let card = new.card.behaviour();
    let (database, clock) = (simulator.context.database(), simulator.context.clock());
    let faults = simulator.faults.now();
    let tools = simulator.tools(&database, clock.as_ref(), &faults);
    let work = CreateIntent::new(tools, context, new);
    let retry = key.of(b"intents", asked);
    let done = host::once(&database, clock.as_ref(), retry, work, |changed| {
        let answer = of_intent(StatusCode::CREATED, changed)?;
        Ok(answer.at(format!("/v1/intents/{}", changed.intent.id)))
    });
    let done = done.await.map_err(problems::of_command)?;
    Ok(simulator.answer(&faults, name, card, done).await)
}

fn checked(body: NewIntentBody, key: &str) -> Result<NewIntent, Problem> {
    if !(1..=LARGEST).contains(&body.amount) {
        let detail = format!("amount must be from 1 to {LARGEST} minor units");
        return Err(problems::invalid_intent("amount", detail));
    }
    let reference = body.reference;
    let length = reference.chars().count();
    if !(1..=LONGEST_REFERENCE).contains(&length) || reference.chars().any(char::is_control) {
        let detail = format!("reference must have 1 to {LONGEST_REFERENCE} visible characters");
        return Err(problems::invalid_intent("reference", detail));
    }
    let card = CardToken::new(body.token);
    let card = card.map_err(|invalid| problems::invalid_intent("token", invalid.to_string()))?;
    Ok(NewIntent {
        amount: Money::new(body.amount, body.currency),
        card,
        reference,
        key: key.to_owned(),
    })
}
