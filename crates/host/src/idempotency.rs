//! `Idempotency-Key`: a POST that is repeated after an unknown outcome takes effect once.
//!
//! An endpoint takes an [`IdempotencyKey`], declares it in its `#[utoipa::path(params(IdempotencyKey))]`,
//! and has its command run [`once`]; the table is made because a route declares the header.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use outbox::idempotency::{Fingerprint, IdempotencyRecord, RetryKey};
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::{Clock, ErrorKind, StoreError, Work, transact};
use serde::{Deserialize, Serialize};
use service::http::Problem;
use utoipa::IntoParams;
use utoipa::openapi::{OpenApi, RefOr};

/// The header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const HEADER: &str = "Idempotency-Key";
/// The field that keeps an answer.
const ANSWER: &str = "answer";
const MAX_CHARS: usize = 255;
const SOON: Duration = Duration::from_secs(1);

/// The key by which a request may be repeated, if it has one. An extractor; 400 when it can't be one.
#[derive(Debug, Clone, IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyKey {
    /// 1 to 255 visible ASCII characters, such as a UUID, remembered for 7 days: repeated with the same
    /// body, the request gets the first answer again
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    key: Option<String>,
}

impl IdempotencyKey {
    /// The key.
    pub fn as_str(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The digests of the key as `caller`, a name of the same length for all callers of the service, sent it with a
    /// request of this fingerprint.
    pub fn of(&self, caller: impl AsRef<[u8]>, asked: Fingerprint) -> Option<RetryKey> {
        let key = self.as_str()?;
        Some(RetryKey::new(caller.as_ref(), key, asked))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut keys = parts.headers.get_all(HEADER).iter();
        let Some(key) = keys.next() else {
            return Ok(Self { key: None });
        };
        let sane = keys.next().is_none()
            && (1..=MAX_CHARS).contains(&key.len())
            && key.as_bytes().iter().all(u8::is_ascii_graphic);
        match key.to_str() {
            Ok(key) if sane => Ok(Self {
                key: Some(key.to_owned()),
            }),
            _ => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid-idempotency-key",
                "The idempotency key can't be one",
            )
            .detail(format!(
                "send one Idempotency-Key of 1 to {MAX_CHARS} visible ASCII characters, such as a UUID"
            ))),
        }
    }
}

/// 422: the key came with another request before.
pub fn key_reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
        "The idempotency key was used for another request",
    )
    .detail("this Idempotency-Key came with another request before; draw a new key for a new one")
}

fn key_in_flight() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "idempotency-key-in-flight",
        "A request with this idempotency key is under way",
    )
    .detail(
        "the first request with this Idempotency-Key is not answered yet; repeat it in a moment",
    )
    .retry_after(SOON)
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// JSON.
    body: String,
}

impl Answer {
    /// `body` as JSON.
    ///
    /// # Errors
    /// Permanent, when it has no form in JSON.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, StoreError> {
        Ok(Self {
            status: status.as_u16(),
            location: None,
            body: serde_json::to_string(body).map_err(StoreError::permanent)?,
        })
    }

    /// The same with the address of what was made.
    #[must_use]
    pub fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body.into());
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(location) = self.location
            && let Ok(location) = HeaderValue::try_from(location)
        {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}

/// What became of a request.
#[derive(Debug)]
pub enum Done<T> {
    /// It took effect now.
    Now(T, Answer),
    /// It was answered before.
    Before(Answer),
}

impl<T> Done<T> {
    /// Has `tell` look at what took effect now.
    #[must_use]
    pub fn inspect(self, tell: impl FnOnce(&T)) -> Self {
        if let Self::Now(made, _) = &self {
            tell(made);
        }
        self
    }
}

impl<T> IntoResponse for Done<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Now(_, answer) => answer.into_response(),
            Self::Before(answer) => {
                let mut response = answer.into_response();
                let replayed = HeaderValue::from_static("true");
                response.headers_mut().insert(REPLAYED, replayed);
                response
            }
        }
    }
}

/// Why a request took no effect.
#[derive(Debug)]
pub enum NotDone<R> {
    /// The command's rules say no. The key may come again.
    Refused(R),
    /// It is about the key.
    Key(Problem),
    /// The store could not do it.
    Store(StoreError),
}

/// Runs `work` in one transaction with the record of its answer, unless `retry` has one already: then
/// that is the answer. Without a key there is no record.
///
/// # Errors
/// See [`NotDone`].
pub async fn once<W, T, R>(
    database: &MongoDatabase,
    clock: &dyn Clock,
    retry: Option<RetryKey>,
    work: W,
    answer: impl Fn(&T) -> Result<Answer, StoreError> + Send,
) -> Result<Done<T>, NotDone<R>>
where
    W: Work<MongoDatabase, Output = Result<T, R>>,
    T: Send,
    R: Send,
{
    let mut work = Once {
        database,
        clock,
        retry,
        work,
        answer,
        in_flight: false,
    };
    match transact(database, &mut work).await {
        Ok(done) => done,
        Err(fault) if work.in_flight && fault.kind() == ErrorKind::Conflict => {
            Err(NotDone::Key(key_in_flight()))
        }
        Err(fault) => Err(NotDone::Store(fault)),
    }
}

struct Once<'a, W, A> {
    database: &'a MongoDatabase,
    clock: &'a dyn Clock,
    retry: Option<RetryKey>,
    work: W,
    answer: A,
    /// Whether the latest run met another one with the same key.
    in_flight: bool,
}

impl<W, A, T, R> Work<MongoDatabase> for Once<'_, W, A>
where
    W: Work<MongoDatabase, Output = Result<T, R>>,
    A: Fn(&T) -> Result<Answer, StoreError> + Send,
    T: Send,
    R: Send,
{
    type Output = Result<Done<T>, NotDone<R>>;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<Self::Output, StoreError> {
        self.in_flight = false;
        if let Some(retry) = self.retry {
            let known = tx
                .idempotency_records::<Answer>(ANSWER, &[retry.key])
                .await?;
            if let Some(first) = known.into_iter().next() {
                return Ok(if first.body == retry.body {
                    Ok(Done::Before(first.answer))
                } else {
                    Err(NotDone::Key(key_reused()))
                });
            }
        }
        let made = match self.work.run(tx).await? {
            Ok(made) => made,
            Err(refused) => return Ok(Err(NotDone::Refused(refused))),
        };
        let answer = (self.answer)(&made)?;
        if let Some(RetryKey { key, body }) = self.retry {
            let record = IdempotencyRecord {
                key,
                body,
                answer: answer.clone(),
                at: self.clock.now(),
            };
            let saved = tx
                .save_idempotency_records(self.database, ANSWER, &[record])
                .await;
            let conflict = |fault: &StoreError| fault.kind() == ErrorKind::Conflict;
            self.in_flight = saved.as_ref().is_err_and(conflict);
            saved?;
        }
        Ok(Ok(Done::Now(made, answer)))
    }
}

/// Whether a route of `openapi` declares the header.
pub(crate) fn is_declared(openapi: &OpenApi) -> bool {
    let posts = openapi
        .paths
        .paths
        .values()
        .filter_map(|item| item.post.as_ref());
    let mut declared = posts.flat_map(|post| post.parameters.iter().flatten());
    declared.any(|it| matches!(it, RefOr::T(parameter) if parameter.name == HEADER))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn key(values: &[&[u8]]) -> Result<Option<String>, &'static str> {
        let mut request = http::Request::new(());
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            request.headers_mut().append(HEADER, value);
        }
        let mut parts = request.into_parts().0;
        let key = IdempotencyKey::from_request_parts(&mut parts, &()).await;
        key.map(|it| it.key).map_err(|problem| problem.code())
    }

    #[tokio::test]
    async fn a_key_is_one_visible_word() {
        assert_eq!(key(&[]).await, Ok(None));
        let quoted = Some("\"abc-1\"".to_owned());
        assert_eq!(key(&[b"\"abc-1\""]).await, Ok(quoted));
        assert_eq!(key(&[&[b'k'; 255]]).await, Ok(Some("k".repeat(255))));
        for wrong in [
            &[b"".as_slice()][..],
            &[b"a b"],
            &[&[b'k'; 256]],
            &[b"\xe9"],
            &[b"a", b"a"],
        ] {
            assert_eq!(key(wrong).await, Err("invalid-idempotency-key"));
        }
    }
}
