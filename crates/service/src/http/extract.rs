//! Extractors whose refusals are problems that name the field and the way out.

use axum::body::Body;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{self, FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use http_body::Body as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Problem;
use super::middleware::BodyLimit;

/// The largest body in bytes where the middleware has not told one.
const UNTOLD_LIMIT: usize = 2 * 1024 * 1024;

/// A JSON body, and JSON in an answer.
///
/// Malformed JSON, or none, is 400 `malformed-json`; a wrong type, a missing or an unknown field is
/// 422 `invalid-body` with the field's path; another content type is 415; too many bytes are 413.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// The query string; what can't be read is 400 `invalid-query`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

/// The path's parameters; what can't be read names nothing, so it is 404.
#[derive(Debug, Clone, Copy, Default)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let limit = request.extensions().get::<BodyLimit>();
        let limit = limit.map_or(UNTOLD_LIMIT, |limit| limit.0);
        let (parts, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, limit).await;
        let bytes = bytes.map_err(|error| Problem::of_unread_body(&error, limit))?;
        if bytes.is_empty() {
            return Err(missing_body());
        }
        let request = Request::from_parts(parts, Body::from(bytes));
        match <axum::Json<T> as FromRequest<S>>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(refused_body(&rejection)),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if !request.headers().contains_key(header::CONTENT_TYPE) && request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state)
            .await
            .map(Some)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(refused_query(&rejection)),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::MissingPathParams(error)) => Err(Problem::internal(&error)),
            Err(_) => Err(Problem::not_found()),
        }
    }
}

fn missing_body() -> Problem {
    Problem::malformed_json().detail(
        "the body is missing; send it as JSON with the header `Content-Type: application/json`",
    )
}

fn refused_body(rejection: &JsonRejection) -> Problem {
    match rejection {
        JsonRejection::JsonDataError(error) => {
            Problem::invalid_body().detail(cause_of(&error.body_text()))
        }
        JsonRejection::MissingJsonContentType(_) => Problem::unsupported_media_type()
            .detail("send the body as JSON with the header `Content-Type: application/json`"),
        other => Problem::malformed_json().detail(cause_of(&other.body_text())),
    }
}

fn refused_query(rejection: &QueryRejection) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid-query",
        "A query parameter is invalid",
    )
    .detail(cause_of(&rejection.body_text()))
}

/// `axum` puts a constant sentence before the one that helps.
fn cause_of(text: &str) -> String {
    text.split_once(": ")
        .map_or(text, |(_, cause)| cause)
        .to_owned()
}
