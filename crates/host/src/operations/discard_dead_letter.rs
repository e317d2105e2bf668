//! `POST /api/admin/dead-letters/{service}/{id}/discard`

use axum::extract::State;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;

use super::body::{OutcomeBody, ReasonBody};
use super::{Operator, path_id, problems};

/// Discards a dead letter, and applies those that wait behind it
///
/// The copy on the dead-letter topic stays for as long as that topic keeps it.
#[utoipa::path(
    post,
    path = "/{id}/discard",
    tag = "operations",
    security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "The message: `TOPIC:PARTITION:OFFSET`")),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "What came of it", body = OutcomeBody),
        (status = 400, description = "`malformed-json`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 404, description = "`unknown-letter`", body = ProblemBody),
        (status = 409, description = "`letter-waits`, with the member `waits_for`",
            body = ProblemBody),
        (status = 422, description = "`invalid-body`, or `reason-required`: not 1 to 500 characters",
            body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn discard_dead_letter(
    AdminCaller(admin): AdminCaller,
    State(operator): State<Operator>,
    Path(id): Path<String>,
    Json(reason): Json<ReasonBody>,
) -> Result<Json<OutcomeBody>, Problem> {
    let why = reason.checked()?;
    if why.is_empty() {
        return Err(problems::reason_required());
    }
    let dead_letter = path_id::to_id(operator.group(), &id);
    let handled = operator
        .dead_letters()
        .discard(&dead_letter, &admin.email, why)
        .await;
    let handled = handled.map_err(problems::of_error)?;
    tracing::warn!(dead_letter, by = %admin.account_id, why, "a dead letter was discarded");
    Ok(Json(handled.into()))
}
