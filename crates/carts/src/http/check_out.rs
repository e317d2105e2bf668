//! `POST /api/checkout`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use events::{AccountId, Address, OrderId, PaymentChoice};
use host::{Answer, Context, IdempotencyKey, RequestContext};
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
use crate::domain::{CheckoutStatus, address, card};

/// How to pay and where it goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCheckout {
    payment: PaymentBody,
    delivery: AddressBody,
    /// The cart's version that the caller saw: another one is refused.
    version: Option<u64>,
}

/// How an order is to be paid for.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "method", rename_all = "lowercase", deny_unknown_fields)]
#[schema(as = Payment)]
enum PaymentBody {
    /// By a card that the provider knows by this token.
    Card {
        #[schema(example = "tok_ok", min_length = 1, max_length = 255)]
        token: String,
    },
    /// From the customer's balance in the shop.
    Balance {},
    /// The customer says it later, within the payment window.
    Later {},
}

/// Where an order goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Delivery)]
struct AddressBody {
    /// Who receives it.
    #[schema(example = "Ann Example", min_length = 1, max_length = 200)]
    name: String,
    /// Street and number.
    #[schema(example = "1 High Street", min_length = 1, max_length = 200)]
    street: String,
    /// The town.
    #[schema(example = "Bristol", min_length = 1, max_length = 200)]
    city: String,
    /// Its postal code.
    #[schema(example = "BS1 1AA", min_length = 1, max_length = 20)]
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "GB", min_length = 2, max_length = 2)]
    country: String,
}

// Neither is to be seen in a log.
impl std::fmt::Debug for PaymentBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PaymentBody(***)")
    }
}

impl std::fmt::Debug for AddressBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AddressBody(***)")
    }
}

impl NewCheckout {
    /// What is asked for, every field looked at.
    fn read(self) -> Result<(PaymentChoice, Address), Problem> {
        let payment = match self.payment {
            PaymentBody::Card { token } => {
                card(token).map_err(|invalid| problems::invalid_checkout(&invalid))?
            }
            PaymentBody::Balance {} => PaymentChoice::Balance,
            PaymentBody::Later {} => PaymentChoice::Later,
        };
        let delivery = Address {
            name: self.delivery.name,
            street: self.delivery.street,
            city: self.delivery.city,
            postal_code: self.delivery.postal_code,
            country: self.delivery.country,
        };
        let delivery = address(&delivery);
        let delivery = delivery.map_err(|invalid| problems::invalid_checkout(&invalid))?;
        Ok((payment, delivery))
    }
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
        (status = 422, description = "`invalid-body`, `invalid-checkout`: a field of payment or delivery, `idempotency-key-reused`", body = ProblemBody),
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
    let (payment, delivery) = body.read()?;
    let written = serde_json::to_vec(&(&payment, &delivery));
    let asked = Sha256::digest(written.map_err(|fault| Problem::internal(&fault))?).into();
    let seen = version.map_or([0; 9], |version| {
        let mut bytes = [1; 9];
        bytes[1..].copy_from_slice(&version.to_be_bytes());
        bytes
    });
    let retry = key.of(
        caller.account_id,
        Fingerprint::default()
            .text("checkout")
            .value::<32>(asked)
            .value(seen),
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
