//! `GET /api/admin/jobs/{service}/actions`

use axum::extract::State;
use serde::Serialize;
use service::http::{Json, Problem, ProblemBody};
use service::token::AdminCaller;
use utoipa::ToSchema;

use super::super::{Operator, problems};
use super::body::ActionBody;

/// How many are shown.
const MOST: usize = 100;

/// What was done to jobs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobActions)]
pub(super) struct Actions {
    /// The latest hundred, newest first.
    actions: Vec<ActionBody>,
}

/// Lists what was done to jobs, by whom and why
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
pub(super) async fn list_job_actions(
    AdminCaller(_admin): AdminCaller,
    State(operator): State<Operator>,
) -> Result<Json<Actions>, Problem> {
    let done = operator.jobs().actions(MOST).await;
    let done = done.map_err(|fault| problems::of_fault(&fault))?;
    let actions = done.iter().map(ActionBody::from).collect();
    Ok(Json(Actions { actions }))
}
