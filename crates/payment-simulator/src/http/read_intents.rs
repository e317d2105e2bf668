//! `GET /v1/intents/{id}` and `GET /v1/intents`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use service::http::{Json, Path, Problem, Query};

use super::body::IntentsBody;
use super::caller::Merchant;
use super::problems;
use super::simulator::Simulator;
use crate::body::IntentBody;
use crate::store::{self, IntentFilter};

/// The most of a page.
pub(super) const MOST: usize = 1_000;

/// One intent as it is.
pub(super) async fn get_intent(
    _: Merchant,
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = store::intent(&simulator.context.database(), &id).await;
    let found = found.map_err(|fault| problems::of_store(&fault))?;
    let row = found.ok_or_else(problems::unknown_intent)?;
    Ok(Json(IntentBody::from(&row.intent)).into_response())
}

/// Which intents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    reference: Option<String>,
    idempotency_key: Option<String>,
    page_size: Option<usize>,
    page_token: Option<String>,
}

/// Intents in the order in which they were made: all of them, those of a reference, or the one that was made
/// under an `Idempotency-Key`.
pub(super) async fn list_intents(
    _: Merchant,
    State(simulator): State<Simulator>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let size = page_size(wanted.page_size)?;
    let filter = IntentFilter {
        reference: wanted.reference,
        key: wanted.idempotency_key,
        after: wanted.page_token,
    };
    // One more than the page has tells whether another follows.
    let found = store::intents(&simulator.context.database(), filter, size + 1).await;
    let mut rows = found.map_err(|fault| problems::of_store(&fault))?;
    let more = rows.len() > size;
    rows.truncate(size);
    let body = IntentsBody {
        intents: rows
            .iter()
            .map(|row| IntentBody::from(&row.intent))
            .collect(),
        next_page_token: rows.last().filter(|_| more).map(|row| row.id.clone()),
    };
    Ok(Json(body).into_response())
}

/// The size of a page.
pub(super) fn page_size(wanted: Option<usize>) -> Result<usize, Problem> {
    let size = wanted.unwrap_or(MOST);
    let sound = (1..=MOST).contains(&size);
    sound
        .then_some(size)
        .ok_or_else(|| problems::page_size(MOST))
}
