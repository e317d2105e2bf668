//! `POST /api/admin/jobs/{service}/{id}/discard`

use axum::extract::State;
use http::StatusCode;
use outbox::JobId;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;

use super::super::body::ReasonBody;
use super::super::{Operator, problems};

/// Gives a job up that has not ended
///
/// It will not be scheduled again. An attempt under way is not stopped.
#[utoipa::path(
    post,
    path = "/{id}/discard",
    tag = "operations",
    security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "The job's id")),
    request_body = ReasonBody,
    responses(
        (status = 204, description = "It is given up"),
        (status = 400, description = "`malformed-json`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 404, description = "`unknown-job`", body = ProblemBody),
        (status = 409, description = "`job-state`, with the member `state`: it has ended",
            body = ProblemBody),
        (status = 422, description = "`invalid-body`, or `reason-required`: not 1 to 500 characters",
            body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn discard_job(
    AdminCaller(admin): AdminCaller,
    State(operator): State<Operator>,
    Path(id): Path<String>,
    Json(reason): Json<ReasonBody>,
) -> Result<StatusCode, Problem> {
    let (id, why) = (JobId::from(id), reason.checked()?);
    let discarded = operator.jobs().discard(&id, &admin.email, why).await;
    discarded.map_err(problems::of_job)?;
    tracing::warn!(job = %id, by = %admin.account_id, why, "a job was discarded");
    Ok(StatusCode::NO_CONTENT)
}
