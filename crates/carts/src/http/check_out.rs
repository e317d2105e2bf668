//! `POST /api/checkout`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use events::{AccountId, OrderId};
use host::{AddressBody, Answer, Context, IdempotencyKey, PaymentBody, RequestContext};
use http::StatusCode;
use newtype_uuid::GenericUuid;
use outbox::idempotency::Fingerprint;
use serde::Deserialize;
use service::http::{Json, Problem, ProblemBody};
use service::token::Caller;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::body::CheckoutBody;
use super::problems;
use super::visit::Visit;
use crate::Settings;
use crate::commands::{CheckOut, Request};
use crate::domain::CheckoutStatus;

/// How to pay and where it goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCheckout {
    payment: PaymentBody,
    delivery: AddressBody,
    /// The cart's version that the caller saw: another one is refused.
    version: Option<u64>,
}

/// Checks the caller's cart out
///
/// All that is in it is to become the order `order_id`, at the prices of the cart. It is taken also while
/// orders is away. Until the order is placed or rejected, the same again is answered with the same order, and
/// what is put into the cart meanwhile is for another one. What is rejected is in the cart again, with the
/// reason at its line. With a `Cart-Token` the visitor's cart is merged first.
#[utoipa::path(
    post, path = "/api/checkout", tag = "carts", security(("bearer" = [])),
    params(IdempotencyKey, Visit),
    request_body = NewCheckout,
    responses(
        (status = 202, description = "It is taken", body = inline(CheckoutBody), headers(
            ("Location" = String, description = "Where to see what has become of it"),
            ("Idempotent-Replayed" = String, description = "`true` when the request was answered before"),
        )),
        (status = 400, description = "`malformed-json`, `invalid-idempotency-key`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 409, description = "`empty-cart`, `stale-cart`: it has another version; `price-changed`: a product is dearer than its line says; \
            `product-gone`; `checkout-under-way`: one with another payment or delivery; `idempotency-key-in-flight`", body = ProblemBody),
        (status = 413, description = "`body-too-large`", body = ProblemBody),
        (status = 415, description = "`unsupported-media-type`", body = ProblemBody),
        (status = 422, description = "`invalid-body`, `idempotency-key-reused`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn check_out(
    State(context): State<Context<Settings>>,
    caller: Caller,
    visit: Visit,
    RequestContext(cause): RequestContext,
    key: IdempotencyKey,
    Json(body): Json<NewCheckout>,
) -> Result<Response, Problem> {
    let version = body.version;
    let (payment, delivery) = (body.payment.choice()?, body.delivery.address()?);
    let written = serde_json::to_vec(&(&payment, &delivery));
    let asked = Sha256::digest(written.map_err(|fault| Problem::internal(&fault))?).into();
    let fingerprint = Fingerprint::default().text("checkout").value::<32>(asked);
    let retry = key.of(
        caller.account_id,
        match version {
            None => fingerprint,
            Some(version) => fingerprint.value(version.to_be_bytes()),
        },
    );
    let request = Request {
        account_id: AccountId::from_untyped_uuid(caller.account_id),
        merge: visit.merge(),
        version,
        payment,
        delivery,
        asked,
    };
    let (database, clock) = (context.database(), context.clock());
    let work = CheckOut::new(&database, clock.as_ref(), cause, request);
    let done = host::once(
        &database,
        clock.as_ref(),
        retry,
        work,
        |order_id: &OrderId| {
            let body = CheckoutBody::new(*order_id, CheckoutStatus::Pending);
            let answer = Answer::json(StatusCode::ACCEPTED, &body)?;
            Ok(answer.at(format!("/api/checkout/{order_id}")))
        },
    );
    let done = done.await.map_err(problems::of_checkout)?;
    Ok(done.into_response())
}
