//! `POST /api/login`

use axum::extract::State;
use service::http::{Json, Problem, ProblemBody};

use super::client_address::ClientAddress;
use super::cookie_mode::Carriage;
use super::tokens::{Answered, Credentials, Tokens};
use crate::commands::Auth;
use crate::domain::Password;

/// Log in
///
/// A wrong address and a wrong password get the same answer.
#[utoipa::path(
    post,
    path = "/api/login",
    extensions(("x-limit" = json!("login"))),
    tag = "accounts",
    params(("X-Session" = Option<String>, Header, description = "`cookie`: the refresh token travels in a cookie that no script can read")),
    request_body = Credentials,
    responses(
        (status = 200, description = "Logged in", body = Tokens, headers(("Token-Type" = String, description = "`Bearer`"), ("Set-Cookie" = String, description = "The refresh token, with `X-Session: cookie`"))),
        (status = 400, description = "`malformed-json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid-credentials`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: `X-Session: cookie` from another site", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`too-many-requests`: this address failed too often at this account, or logs in too often", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: try again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn login(
    State(auth): State<Auth>,
    carriage: Carriage,
    ClientAddress(address): ClientAddress,
    Json(body): Json<Credentials>,
) -> Result<Answered, Problem> {
    let issued = auth
        .login(&body.email, Password::new(body.password), address)
        .await?;
    Ok(Answered(issued, carriage))
}
