//! `POST /api/login`

use axum::extract::State;
use service::http::{Json, Problem, ProblemBody};

use super::tokens::{Credentials, Tokens};
use crate::commands::{Auth, Issued};
use crate::domain::Password;

/// Log in
///
/// A wrong address and a wrong password get the same answer.
#[utoipa::path(
    post,
    path = "/api/login",
    tag = "accounts",
    request_body = Credentials,
    responses(
        (status = 200, description = "Logged in", body = Tokens, headers(("Token-Type" = String, description = "`Bearer`"))),
        (status = 400, description = "`malformed-json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid-credentials`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: try again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn login(
    State(auth): State<Auth>,
    Json(body): Json<Credentials>,
) -> Result<Issued, Problem> {
    Ok(auth
        .login(&body.email, Password::new(body.password))
        .await?)
}
