//! `POST /api/refresh`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use service::http::{Problem, ProblemBody};

use super::cookie_mode::Carriage;
use super::tokens::{Answered, Presented, RefreshTokenBody, Tokens};
use crate::commands::Auth;
use crate::commands::refresh::RefreshError;

/// Go on with a login
///
/// The refresh token is replaced by the one in the answer. One that was replaced more than a
/// few seconds ago must not be used again: that revokes the whole login.
#[utoipa::path(
    post,
    path = "/api/refresh",
    extensions(("x-limit" = json!("refresh"))),
    tag = "accounts",
    params(("X-Session" = Option<String>, Header, description = "`cookie`: the refresh token travels in a cookie that no script can read")),
    request_body = Option<RefreshTokenBody>,
    responses(
        (status = 200, description = "Fresh tokens", body = Tokens, headers(("Token-Type" = String, description = "`Bearer`"), ("Set-Cookie" = String, description = "The refresh token, with `X-Session: cookie`"))),
        (status = 400, description = "`malformed-json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid-refresh-token`: log in again", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: `X-Session: cookie` from another site", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`too-many-requests`: a token that was just replaced is presented over and over", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: try again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn refresh(
    State(auth): State<Auth>,
    presented: Presented,
) -> Result<Response, Problem> {
    match auth.refresh(&presented.token).await {
        Ok(issued) => Ok(Answered(issued, presented.carriage).into_response()),
        Err(RefreshError::InvalidRefreshToken) => {
            let refused = Problem::from(RefreshError::InvalidRefreshToken);
            Ok(match presented.carriage {
                Carriage::Cookie(cookie) => (cookie.forget(), refused).into_response(),
                Carriage::Body => refused.into_response(),
            })
        }
        Err(error) => Err(error.into()),
    }
}
