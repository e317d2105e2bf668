//! `POST /api/logout`

use axum::extract::State;
use http::StatusCode;
use service::http::{Json, Problem, ProblemBody};

use super::tokens::RefreshTokenBody;
use crate::commands::Auth;

/// End a login
///
/// All its refresh tokens are revoked. Doing it again, or with a token that is none, changes
/// nothing and is no error. Access tokens stay good until they expire.
#[utoipa::path(
    post,
    path = "/api/logout",
    tag = "accounts",
    request_body = RefreshTokenBody,
    responses(
        (status = 204, description = "The login has ended"),
        (status = 400, description = "`malformed-json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: try again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn logout(
    State(auth): State<Auth>,
    Json(body): Json<RefreshTokenBody>,
) -> Result<StatusCode, Problem> {
    auth.logout(&body.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}
