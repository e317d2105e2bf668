//! `GET /api/admin/dead-letters/{service}/{id}`

use axum::extract::State;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;

use super::body::DetailBody;
use super::{Operator, path_id, problems};

/// Shows a dead letter in full, with those that wait behind it
#[utoipa::path(
    get,
    path = "/{id}",
    tag = "operations",
    security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "The message: `TOPIC:PARTITION:OFFSET`")),
    responses(
        (status = 200, description = "The message", body = DetailBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 404, description = "`unknown-letter`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn show_dead_letter(
    AdminCaller(_admin): AdminCaller,
    State(operator): State<Operator>,
    Path(id): Path<String>,
) -> Result<Json<DetailBody>, Problem> {
    let id = path_id::to_id(operator.group(), &id);
    let detail = operator.dead_letters().show(&id).await;
    let detail = detail.map_err(problems::of_error)?;
    Ok(Json(DetailBody::from(&detail)))
}
