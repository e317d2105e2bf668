//! `POST /api/orders/{id}/payment`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use events::{AccountId, OrderId, PaymentStatus};
use host::{Answer, IdempotencyKey, RequestContext};
use http::StatusCode;
use outbox::idempotency::Fingerprint;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::Caller;

use super::api::Api;
use super::body::{HowToPay, PaymentBody};
use super::problems;
use crate::commands::ChangePayment;
use crate::domain::{Balance, Payment, Try};

/// The most characters of a card's token.
const LONGEST_TOKEN: usize = 200;

/// Pays for an order, or tries again
///
/// A balance is asked at once, a card by the provider: look at the payment for what became of it.
#[utoipa::path(
    post, path = "/api/orders/{id}/payment", tag = "payments", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id"), IdempotencyKey),
    request_body = HowToPay,
    responses(
        (status = 200, description = "The payment, which needs nothing more", body = PaymentBody, headers(("Idempotent-Replayed" = String, description = "`true` when the request was answered before"))),
        (status = 202, description = "The payment, which waits", body = PaymentBody),
        (status = 400, description = "`malformed-json`, `invalid-idempotency-key`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`unknown-payment`: there is none yet, or it is someone else's", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`already-paid`, `payment-closed`, `payment-under-way`, `idempotency-key-in-flight`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`body-too-large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported-media-type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`, `invalid-payment`, `idempotency-key-reused`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn pay(
    State(api): State<Api>,
    caller: Caller,
    RequestContext(context): RequestContext,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Json(how): Json<HowToPay>,
) -> Result<Response, Problem> {
    let order: OrderId = id.parse().map_err(|_| problems::unknown_payment())?;
    let how = checked(how)?;
    let asked = Fingerprint::default().value(*order.as_bytes());
    let asked = match &how {
        Try::Card(token) => asked.text("card").text(token),
        Try::Balance => asked.text("balance"),
    };
    let (database, clock) = (api.context.database(), api.context.clock());
    let rules = api.context.settings().rules();
    let act = |payment: &mut Payment, balance: &Balance| payment.pay(how.clone(), balance, rules);
    let owner = AccountId::from_u128(caller.account_id.as_u128());
    let work = ChangePayment::new(&database, clock.as_ref(), order, context, act).of(owner);
    let retry = key.of(caller.account_id.as_bytes(), asked);
    let done = host::once(&database, clock.as_ref(), retry, work, |((), payment)| {
        let status = if payment.status() == PaymentStatus::Awaiting {
            StatusCode::ACCEPTED
        } else {
            StatusCode::OK
        };
        Answer::json(status, &PaymentBody::from(payment))
    });
    let done = done.await.map_err(|why| {
        problems::of_done(why, |why| problems::not_changed(why, problems::not_paid))
    })?;
    Ok(done.into_response())
}

fn checked(how: HowToPay) -> Result<Try, Problem> {
    let how = Try::from(how);
    if let Try::Card(token) = &how {
        let visible = token.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || !(1..=LONGEST_TOKEN).contains(&token.len()) {
            let detail = format!("token must have 1 to {LONGEST_TOKEN} visible ASCII characters");
            return Err(problems::invalid("token", detail));
        }
    }
    Ok(how)
}
