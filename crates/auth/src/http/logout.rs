//! `POST /api/logout`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use service::http::{Problem, ProblemBody};

use super::cookie_mode::Carriage;
use super::tokens::{Presented, RefreshTokenBody};
use crate::commands::Auth;

/// End a login
///
/// All its refresh tokens are revoked. Doing it again, or with a token that is none, changes
/// nothing and is no error. Access tokens stay good until they expire.
#[utoipa::path(
    post,
    path = "/api/logout",
    tag = "accounts",
    params(("X-Session" = Option<String>, Header, description = "`cookie`: the refresh token travels in a cookie that no script can read")),
    request_body = Option<RefreshTokenBody>,
    responses(
        (status = 204, description = "The login has ended"),
        (status = 400, description = "`malformed-json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: `X-Session: cookie` from another site", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: try again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn logout(
    State(auth): State<Auth>,
    presented: Option<Presented>,
) -> Result<Response, Problem> {
    let ended = StatusCode::NO_CONTENT;
    let Some(presented) = presented else {
        return Ok(ended.into_response());
    };
    auth.logout(&presented.token).await?;
    Ok(match presented.carriage {
        Carriage::Body => ended.into_response(),
        Carriage::Cookie(cookie) => (ended, cookie.forget()).into_response(),
    })
}
