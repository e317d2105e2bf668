//! `POST /api/register`

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use service::http::{Json, Problem, ProblemBody};
use utoipa::ToSchema;

use super::client_address::ClientAddress;
use super::tokens::Credentials;
use crate::commands::Auth;
use crate::domain::Password;

/// The new account.
#[derive(Serialize, ToSchema)]
pub(super) struct Registered {
    /// The address in the form that it is compared in: trimmed, lower case.
    #[schema(example = "aaa@aaa.com")]
    email: String,
    /// Always `user`.
    #[schema(example = "user")]
    role: &'static str,
}

/// Open an account
///
/// Its role is always `user`.
#[utoipa::path(
    post,
    path = "/api/register",
    extensions(("x-limit" = json!("login"))),
    tag = "accounts",
    request_body = Credentials,
    responses(
        (status = 201, description = "The account is open", body = Registered),
        (status = 400, description = "`malformed-json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`account-exists`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-email`, `invalid-password`, `invalid-body`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: try again after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn register(
    State(auth): State<Auth>,
    ClientAddress(address): ClientAddress,
    Json(body): Json<Credentials>,
) -> Result<(StatusCode, axum::Json<Registered>), Problem> {
    let account = auth
        .register(&body.email, Password::new(body.password), address)
        .await?;
    let registered = Registered {
        email: account.email.as_str().to_owned(),
        role: account.role.as_str(),
    };
    Ok((StatusCode::CREATED, axum::Json(registered)))
}
