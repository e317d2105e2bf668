//! `GET /.well-known/jwks.json`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use service::http::{Problem, ProblemBody};
use utoipa::ToSchema;

use crate::commands::{Auth, Fault};
use crate::settings::PUBLIC_KEYS_MAX_AGE;

/// The public keys that access tokens are checked with (RFC 7517).
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the shape for the description; the type itself is jsonwebtoken's"
)]
pub(super) struct PublicKeys {
    /// One or more Ed25519 keys.
    keys: Vec<PublicKey>,
}

/// An Ed25519 key (RFC 8037).
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the shape for the description; the type itself is jsonwebtoken's"
)]
pub(super) struct PublicKey {
    /// The key's name, in the header of the tokens that it signed.
    kid: String,
    #[schema(example = "OKP")]
    kty: String,
    #[schema(example = "Ed25519")]
    crv: String,
    #[schema(example = "EdDSA")]
    alg: String,
    #[schema(example = "sig")]
    r#use: String,
    /// The public key, base64url.
    x: String,
}

/// Public keys for access tokens
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "accounts",
    responses(
        (status = 200, description = "The key that signs, the one that will, and those whose tokens may still be met", body = PublicKeys),
        (status = 503, description = "`unavailable`: the keys are not loaded yet", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn jwks(State(auth): State<Auth>) -> Result<Response, Problem> {
    let keys = auth.keys.public(auth.clock.now()).ok_or(Fault::NotReady)?;
    let max_age = format!("public, max-age={}", PUBLIC_KEYS_MAX_AGE.as_secs());
    Ok(([(CACHE_CONTROL, max_age)], Json(keys)).into_response())
}
