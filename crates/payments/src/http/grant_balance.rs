//! `POST /api/admin/accounts/{id}/balance`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use events::money::DEFAULT_CURRENCY;
use events::{AccountId, Money};
use host::{Answer, IdempotencyKey, RequestContext};
use http::StatusCode;
use outbox::idempotency::Fingerprint;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;

use super::api::Api;
use super::body::{BalanceBody, NewGrant};
use super::problems;
use crate::commands::GrantBalance;

/// The most that is moved at once, in minor units.
const LARGEST: i64 = 1_000_000_000_000;

/// Puts money into a customer's balance, or takes it out
///
/// Whether there is such an account is not known here.
#[utoipa::path(
    post, path = "/api/admin/accounts/{id}/balance", tag = "payments", security(("bearer" = ["admin"])),
    params(("id" = Uuid, Path, description = "The account's id"), IdempotencyKey),
    request_body = NewGrant,
    responses(
        (status = 200, description = "The balance since then", body = BalanceBody, headers(("Idempotent-Replayed" = String, description = "`true` when the request was answered before"))),
        (status = 400, description = "`malformed-json`, `invalid-idempotency-key`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not-found`: that is no account's id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`insufficient-balance`, `idempotency-key-in-flight`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`body-too-large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported-media-type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`, `invalid-payment`, `idempotency-key-reused`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn grant_balance(
    State(api): State<Api>,
    AdminCaller(caller): AdminCaller,
    RequestContext(context): RequestContext,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Json(body): Json<NewGrant>,
) -> Result<Response, Problem> {
    let account: AccountId = id.parse().map_err(|_| Problem::not_found())?;
    let reason = problems::reason(body.reason)?;
    let amount = Money::from_decimal(body.amount.as_str(), DEFAULT_CURRENCY);
    let minor = amount.map_err(|why| problems::invalid_amount(&why))?.minor;
    if minor == 0 || !(-LARGEST..=LARGEST).contains(&minor) {
        let most = Money::new(LARGEST, DEFAULT_CURRENCY);
        let detail = format!("amount must not be 0, and at most {most} either way");
        return Err(problems::invalid("amount", detail));
    }
    let (database, clock) = (api.context.database(), api.context.clock());
    let asked = Fingerprint::default()
        .text("grant")
        .value(*account.as_bytes())
        .value(minor.to_be_bytes())
        .text(&reason);
    let retry = key.of(caller.account_id.as_bytes(), asked);
    let work = GrantBalance::new(&database, clock.as_ref(), context, account, minor, reason);
    let done = host::once(&database, clock.as_ref(), retry, work, |balance| {
        Answer::json(StatusCode::OK, &BalanceBody::from(balance))
    });
    let done = done
        .await
        .map_err(|why| problems::of_done(why, problems::invalid_grant))?;
    Ok(done.into_response())
}
