//! How tokens come and go: in bodies, or the refresh token in a cookie (`cookie_mode.rs`).

use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, HeaderName, SET_COOKIE};
use serde::{Deserialize, Serialize};
use service::http::{Json, Problem};
use utoipa::ToSchema;

use super::cookie_mode::Carriage;
use crate::commands::Issued;
use crate::commands::refresh::RefreshError;

/// Clients of this kind of shop look for the scheme here, not in the body.
const TOKEN_TYPE: HeaderName = HeaderName::from_static("token-type");

// None of these has `Debug`: what is in them must not reach a log.

/// What to log in or to register with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// An e-mail address, in any case.
    #[schema(example = "aaa@aaa.com", max_length = 254)]
    pub(super) email: String,
    /// 8 characters to 128 bytes; none that is guessed at once.
    #[schema(example = "aaa@aaa.com", min_length = 8, max_length = 128, format = Password)]
    pub(super) password: String,
}

/// A refresh token to be used.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshTokenBody {
    /// As the last login or refresh gave it.
    pub(super) refresh_token: String,
}

/// A refresh token that was presented, either way. Without `Debug`: it must not reach a log.
pub(super) struct Presented {
    pub(super) token: String,
    pub(super) carriage: Carriage,
}

impl<S: Send + Sync> FromRequest<S> for Presented {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let carriage = Carriage::from_request_parts(&mut parts, state).await?;
        if let Carriage::Cookie(cookie) = carriage {
            let token = cookie
                .token_in(&parts.headers)
                .ok_or_else(|| Problem::from(RefreshError::InvalidRefreshToken))?;
            return Ok(Self { token, carriage });
        }
        let request = Request::from_parts(parts, body);
        let Json(body) =
            <Json<RefreshTokenBody> as FromRequest<S>>::from_request(request, state).await?;
        Ok(Self {
            token: body.refresh_token,
            carriage,
        })
    }
}

/// To log out without a cookie is no error: that is what was wanted.
impl<S: Send + Sync> OptionalFromRequest<S> for Presented {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let (mut parts, body) = request.into_parts();
        let carriage = Carriage::from_request_parts(&mut parts, state).await?;
        if let Carriage::Cookie(cookie) = carriage
            && cookie.token_in(&parts.headers).is_none()
        {
            return Ok(None);
        }
        let request = Request::from_parts(parts, body);
        <Self as FromRequest<S>>::from_request(request, state)
            .await
            .map(Some)
    }
}

/// Fresh tokens.
#[derive(Serialize, ToSchema)]
pub(super) struct Tokens {
    /// A JWT (`EdDSA`), to be sent as `Authorization: Bearer`.
    access_token: String,
    /// Good for one refresh; replaces the one before. With `X-Session: cookie` it is in a cookie
    /// instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// For how many seconds the access token is good.
    #[schema(example = 900)]
    expires_in: i64,
}

/// Fresh tokens, and how they travel.
pub(super) struct Answered(pub(super) Issued, pub(super) Carriage);

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let Self(issued, carriage) = self;
        let refresh = issued.refresh.expose();
        let (refresh_token, cookie) = match carriage {
            Carriage::Body => (Some(refresh), None),
            Carriage::Cookie(cookie) => (None, cookie.keep(&refresh, issued.login_ends_in)),
        };
        let tokens = Tokens {
            access_token: issued.access.expose(),
            refresh_token,
            expires_in: issued.expires_in.as_secs(),
        };
        // RFC 6749 5.1: nobody on the way may keep it.
        let mut response = (
            [(TOKEN_TYPE, "Bearer"), (CACHE_CONTROL, "no-store")],
            Json(tokens),
        )
            .into_response();
        if let Some(cookie) = cookie {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        response
    }
}
