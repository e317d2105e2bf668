//! `GET /api/admin/dead-letters/{service}/actions`

use axum::extract::State;
use serde::Serialize;
use service::http::{Json, Problem, ProblemBody};
use service::token::AdminCaller;
use utoipa::ToSchema;

use super::body::ActionBody;
use super::{Operator, problems};

/// How many are shown.
const MOST: usize = 100;

/// What was done to dead letters.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterActions)]
pub(super) struct Actions {
    /// The latest hundred, newest first.
    actions: Vec<ActionBody>,
}

/// Lists what was done to dead letters, by whom and why
#[utoipa::path(
    get,
    path = "/actions",
    tag = "operations",
    security(("bearer" = ["admin"])),
    responses(
        (status = 200, description = "What was done", body = Actions),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn list_dead_letter_actions(
    AdminCaller(_admin): AdminCaller,
    State(operator): State<Operator>,
) -> Result<Json<Actions>, Problem> {
    let done = operator.dead_letters().actions(MOST).await;
    let done = done.map_err(|fault| problems::of_fault(&fault))?;
    let actions = done.iter().map(ActionBody::from).collect();
    Ok(Json(Actions { actions }))
}
