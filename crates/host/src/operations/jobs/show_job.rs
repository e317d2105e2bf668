//! `GET /api/admin/jobs/{service}/{id}`

use axum::extract::State;
use outbox::JobId;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;

use super::super::{Operator, problems};
use super::body::DetailBody;

/// Shows a job whole, also one that has ended
#[utoipa::path(
    get,
    path = "/{id}",
    tag = "operations",
    security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, description = "The job", body = DetailBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 404, description = "`unknown-job`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn show_job(
    AdminCaller(_admin): AdminCaller,
    State(operator): State<Operator>,
    Path(id): Path<String>,
) -> Result<Json<DetailBody>, Problem> {
    let job = operator.jobs().show(&JobId::from(id)).await;
    let job = job.map_err(problems::of_job)?;
    Ok(Json(DetailBody::from(&job)))
}
