//! `POST /api/admin/dead-letters/{service}/{id}/retry`

use axum::extract::State;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;

use super::body::{OutcomeBody, ReasonBody};
use super::{Operator, path_id, problems};

/// Retries a dead letter, and after it those that wait behind it
///
/// In one transaction, with the service's own handlers. What fails again stays a dead letter.
#[utoipa::path(
    post,
    path = "/{id}/retry",
    tag = "operations",
    security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "The message: `TOPIC:PARTITION:OFFSET`")),
    request_body(content = Option<ReasonBody>, description = "Why; may be left out"),
    responses(
        (status = 200, description = "What came of it; `failed-again` is a success of the request",
            body = OutcomeBody),
        (status = 400, description = "`malformed-json`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 404, description = "`unknown-letter`", body = ProblemBody),
        (status = 409, description = "`letter-waits`, with the member `waits_for`",
            body = ProblemBody),
        (status = 422, description = "`invalid-body`, or `reason-required`: it is too long",
            body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn retry_dead_letter(
    AdminCaller(admin): AdminCaller,
    State(operator): State<Operator>,
    Path(id): Path<String>,
    reason: Option<Json<ReasonBody>>,
) -> Result<Json<OutcomeBody>, Problem> {
    let reason = reason.map(|Json(body)| body).unwrap_or_default();
    let why = reason.checked_or_default()?;
    let dead_letter = path_id::to_id(operator.group(), &id);
    let handled = operator
        .dead_letters()
        .retry(&dead_letter, &admin.email, why)
        .await;
    let handled = handled.map_err(problems::of_error)?;
    tracing::info!(
        dead_letter, by = %admin.account_id, outcome = ?handled.outcome, "a dead letter was retried"
    );
    Ok(Json(handled.into()))
}
