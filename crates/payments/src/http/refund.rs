//! `POST /api/admin/orders/{id}/refunds`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use events::money::DecimalNumber;
use events::{Money, OrderId};
use host::{Answer, IdempotencyKey, RequestContext};
use http::StatusCode;
use outbox::idempotency::Fingerprint;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;
use uuid::Uuid;

use super::api::Api;
use super::body::{NewRefund, RefundBody};
use super::problems;
use crate::commands::ChangePayment;
use crate::domain::{Balance, Payment};
use crate::store;

/// Gives back what was paid for an order, whole or in part
#[utoipa::path(
    post, path = "/api/admin/orders/{id}/refunds", tag = "payments", security(("bearer" = ["admin"])),
    params(("id" = Uuid, Path, description = "The order's id"), IdempotencyKey),
    request_body = NewRefund,
    responses(
        (status = 201, description = "It is granted; the customer gets it in a moment", body = RefundBody, headers(("Idempotent-Replayed" = String, description = "`true` when the request was answered before"))),
        (status = 400, description = "`malformed-json`, `invalid-idempotency-key`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`unknown-payment`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`refund-too-large`: more than is left, which `left` says; `idempotency-key-in-flight`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`body-too-large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported-media-type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid-body`, `invalid-payment`, `idempotency-key-reused`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn refund(
    State(api): State<Api>,
    AdminCaller(caller): AdminCaller,
    RequestContext(context): RequestContext,
    Path(id): Path<String>,
    key: IdempotencyKey,
    Json(body): Json<NewRefund>,
) -> Result<Response, Problem> {
    let order: OrderId = id.parse().map_err(|_| problems::unknown_payment())?;
    let reason = problems::reason(body.reason)?;
    let (database, clock) = (api.context.database(), api.context.clock());
    let found = store::payment(&database, order).await;
    let found = found.map_err(|fault| problems::of_store(&fault))?;
    let currency = found.ok_or_else(problems::unknown_payment)?.amount.currency;
    let amount = body.amount.as_ref().map(DecimalNumber::as_str);
    let amount = amount.map(|text| Money::from_decimal(text, currency));
    let minor = amount
        .transpose()
        .map_err(|why| problems::invalid_amount(&why))?;
    let minor = minor.map(|amount| amount.minor);

    let asked = Fingerprint::default()
        .text("refund")
        .value(*order.as_bytes())
        .text(&minor.map_or_else(String::new, |minor| minor.to_string()))
        .text(&reason);
    let retry = key.of(caller.account_id.as_bytes(), asked);
    let (id, rules) = (clock.uuid(), api.context.settings().rules());
    let act =
        |payment: &mut Payment, _: &Balance| payment.grant_refund(id, minor, reason.clone(), rules);
    let work = ChangePayment::new(&database, clock.as_ref(), order, context, act);
    let done = host::once(&database, clock.as_ref(), retry, work, |((), payment)| {
        Answer::json(StatusCode::CREATED, &granted(payment, id))
    });
    let done = done.await.map_err(|why| {
        problems::of_done(why, |why| {
            problems::not_changed(why, problems::refund_refused)
        })
    })?;
    Ok(done.into_response())
}

/// The refund `id` of `payment`.
fn granted(payment: &Payment, id: Uuid) -> Option<RefundBody> {
    let refund = payment.refunds.iter().find(|refund| refund.id == id)?;
    let amount = Money::new(refund.minor, payment.amount.currency);
    Some(RefundBody {
        id,
        amount: amount.into(),
        currency: amount.currency.code(),
        reason: refund.reason.clone(),
        status: if refund.done { "DONE" } else { "PENDING" },
    })
}
