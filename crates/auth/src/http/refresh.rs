//! `POST /api/refresh`

use axum::extract::State;
use service::http::{Json, Problem, ProblemBody};

use super::tokens::{RefreshTokenBody, Tokens};
use crate::commands::{Auth, Issued};

/// Go on with a login
///
/// The refresh token is replaced by the one in the answer. One that was replaced more than a
/// few seconds ago must not be used again: that revokes the whole login.
#[utoipa::path(
    post,
    path = "/api/refresh",
    tag = "accounts",
    request_body = RefreshTokenBody,
    responses(
        (status = 200, description = "Fresh tokens", body = Tokens, headers(("Token-Type" = String, description = "`Bearer`"))),
        (status = 400, description = "`malformed-json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid-refresh-token`: log in again", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`too-many-requests`: a token that was just replaced is presented over and over", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: try again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn refresh(
    State(auth): State<Auth>,
    Json(body): Json<RefreshTokenBody>,
) -> Result<Issued, Problem> {
    Ok(auth.refresh(&body.refresh_token).await?)
}
