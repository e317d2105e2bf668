//! `POST /api/admin/jobs/{service}/{id}/retry`

use axum::extract::State;
use http::StatusCode;
use outbox::JobId;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;

use super::super::body::ReasonBody;
use super::super::{Operator, problems};

/// Has a job that failed tried again now
///
/// With all its attempts before it again. What comes of it is seen by looking at the job.
#[utoipa::path(
    post,
    path = "/{id}/retry",
    tag = "operations",
    security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "The job's id")),
    request_body(content = Option<ReasonBody>, description = "Why; may be left out"),
    responses(
        (status = 204, description = "It is due now"),
        (status = 400, description = "`malformed-json`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 404, description = "`unknown-job`", body = ProblemBody),
        (status = 409, description = "`job-state`, with the member `state`: it has not failed",
            body = ProblemBody),
        (status = 422, description = "`invalid-body`, or `reason-required`: it is too long",
            body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn retry_job(
    AdminCaller(admin): AdminCaller,
    State(operator): State<Operator>,
    Path(id): Path<String>,
    reason: Option<Json<ReasonBody>>,
) -> Result<StatusCode, Problem> {
    let reason = reason.map(|Json(body)| body).unwrap_or_default();
    let why = reason.checked_or_default()?;
    let id = JobId::from(id);
    let retried = operator.jobs().retry(&id, &admin.email, why).await;
    retried.map_err(problems::of_job)?;
    tracing::info!(job = %id, by = %admin.account_id, why, "a job is tried again");
    Ok(StatusCode::NO_CONTENT)
}
