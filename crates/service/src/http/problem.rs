//! Everything that is not a success, as `application/problem+json` (RFC 9457).

use std::error::Error;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::LengthLimitError;
use serde::Serialize;
use serde_json::{Map, Value};

use super::BodyStalled;

/// The media type of every problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal or a failure that a caller is told about.
///
/// `code` is stable and has a page in `docs/errors/`; `title` is the same for every problem of one
/// code; `detail` says what was wrong this time and the way out.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Option<String>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The members of a problem, for the API's description.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// Address of the page that explains the code.
    #[schema(rename = "type", example = "/docs/errors/unknown-product")]
    #[serde(rename = "type")]
    pub kind: String,
    /// Stable name of the problem.
    #[schema(example = "unknown-product")]
    pub code: String,
    /// The problem in a few words, the same for every problem of one code.
    pub title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// What was wrong this time, and the way out; may be shown to people.
    pub detail: String,
    /// The request's id, which the logs carry too.
    pub request_id: Option<String>,
}

impl Problem {
    /// A problem with a code of the caller's own.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self(Box::new(Inner {
            status,
            code,
            title,
            detail: None,
            members: Map::new(),
            headers: Vec::new(),
        }))
    }

    /// Says what was wrong this time. Without it `detail` repeats the title.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a member. A value that JSON can't hold is left out.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.0.members.insert(member.to_owned(), value);
        }
        self
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Adds `Retry-After`, rounded up to whole seconds, at least one.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)))
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// 401 without a usable token; `challenge` is the value of `WWW-Authenticate`.
    pub fn unauthorized(challenge: HeaderValue) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Log in first")
            .header(header::WWW_AUTHENTICATE, challenge)
    }

    /// 403: the caller is known and may not do this.
    pub fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "This account may not do that",
        )
    }

    /// 404 for a path or a thing that does not exist, or that the caller may not know of.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is nothing at this address",
        )
    }

    /// 405; the `Allow` header is the router's to set.
    pub fn method_not_allowed() -> Self {
        let title = "This address does not answer to that method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title)
    }

    /// 422: a field of the body is missing, unknown, or not what it must be.
    pub fn invalid_body() -> Self {
        let title = "The body does not have the expected form";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", title)
    }

    /// 415: the body is not sent in a form that is read here.
    pub fn unsupported_media_type() -> Self {
        let title = "The body must be JSON";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            title,
        )
    }

    /// 400: the body is not JSON, is missing, or broke off.
    pub fn malformed_json() -> Self {
        let title = "The body is not JSON";
        Self::new(StatusCode::BAD_REQUEST, "malformed-json", title)
    }

    /// What to answer when a request's body could not be read to its end because of `error`: 413
    /// above `limit_bytes`, 408 when it stopped coming, else 400.
    pub fn of_unread_body(error: &(dyn Error + 'static), limit_bytes: usize) -> Self {
        Self::of_refused_body(error, limit_bytes).unwrap_or_else(|| {
            let detail = format!("the body could not be read to its end: {error}");
            Self::malformed_json().detail(detail)
        })
    }

    /// The same, where `error` may also have another cause than a body that is too large or too
    /// slow: `None` then.
    pub fn of_refused_body(error: &(dyn Error + 'static), limit_bytes: usize) -> Option<Self> {
        let mut causes = std::iter::successors(Some(error), |&error| error.source());
        if causes.any(<dyn Error>::is::<LengthLimitError>) {
            return Some(Self::body_too_large(limit_bytes));
        }
        BodyStalled::is_cause_of(error).then(Self::body_timeout)
    }

    /// 429: why, and after how long to try again.
    pub fn too_many_requests(why: &str, wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let title = "Too many requests";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", title)
            .detail(format!("{why}; try again in {seconds} s"))
            .retry_after(wait)
    }

    /// 408: the request's body stopped coming.
    pub fn body_timeout() -> Self {
        let title = "The request's body did not come in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", title)
            .detail("nothing more of the body came for too long; send the request again")
    }

    /// 413 with the limit in bytes.
    pub fn body_too_large(limit_bytes: usize) -> Self {
        let title = "The request's body is too large";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", title)
            .detail(format!("the body may have at most {limit_bytes} bytes"))
            .with("limit_bytes", limit_bytes)
    }

    /// 503: something that this answer needs is out of reach for now.
    pub fn unavailable(retry_after: Duration) -> Self {
        let title = "The service is unavailable for the moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title)
            .detail("the service is temporarily unavailable; try again in a moment")
            .retry_after(retry_after)
    }

    /// 503: the answer took too long; whether it took effect is unknown.
    pub fn timeout() -> Self {
        let title = "The answer took too long";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", title)
            .detail("the request timed out and may still take effect; check before you retry")
            .retry_after(Duration::from_secs(1))
    }

    /// 500 with a constant text; the cause and its causes go to the log only.
    pub fn internal(cause: &dyn Error) -> Self {
        let mut causes = vec![cause.to_string()];
        let mut next = cause.source();
        while let Some(error) = next {
            causes.push(error.to_string());
            next = error.source();
        }
        Self::internal_text(&causes.join(": "))
    }

    pub(crate) fn internal_text(cause: &str) -> Self {
        tracing::error!(cause, "a request failed");
        let title = "Something went wrong on our side";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title)
            .detail("an internal error occurred; it is in the log under this request's id")
    }

    /// The response, naming the request when its id is known.
    pub(crate) fn render(&self, request_id: Option<&str>) -> Response {
        let Inner {
            status,
            code,
            title,
            detail,
            members,
            headers,
        } = &*self.0;
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("/docs/errors/{code}").into());
        body.insert("code".to_owned(), (*code).into());
        body.insert("title".to_owned(), (*title).into());
        body.insert("status".to_owned(), status.as_u16().into());
        body.insert(
            "detail".to_owned(),
            detail.as_deref().unwrap_or(title).into(),
        );
        if let Some(id) = request_id {
            body.insert("request_id".to_owned(), id.into());
        }
        body.extend(members.clone());
        let mut response = Response::new(Body::from(Value::Object(body).to_string()));
        *response.status_mut() = *status;
        let map = response.headers_mut();
        map.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        map.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        map.extend(headers.iter().cloned());
        response
    }
}

/// Rounded up, at least one.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.render(None);
        // The middleware knows the request's id and renders once more with it.
        response.extensions_mut().insert(self);
        response
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Inner {
            status,
            code,
            title,
            detail,
            ..
        } = &*self.0;
        write!(
            f,
            "{} {code}: {}",
            status.as_u16(),
            detail.as_deref().unwrap_or(title)
        )
    }
}

impl Error for Problem {}
