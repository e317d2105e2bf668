//! `POST /api/orders`

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use events::money::{DEFAULT_CURRENCY, DecimalNumber};
use events::{AccountId, Money, OrderId, OrderStatus};
use host::{AddressBody, IdempotencyKey, PaymentBody, RequestContext};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use service::http::{Json, Problem, ProblemBody};
use service::token::Caller;
use tokio::time::{Instant, timeout, timeout_at};
use utoipa::ToSchema;

use super::api::{Api, PATIENCE};
use super::body::OrderBody;
use super::{prefer, problems};
use crate::commands::{PlaceOrder, Placed, retry_key};
use crate::domain::{Basket, Order, RawLine};
use crate::live::Watch;

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrder {
    /// At most 100 different products; lines of one product are added up.
    #[schema(min_items = 1, max_items = 1000)]
    products: Vec<NewLine>,
    /// How it is to be paid for; without it, no payment is asked for.
    payment: Option<PaymentBody>,
    /// Where it goes; only with `payment`.
    delivery: Option<AddressBody>,
}

/// So many of a product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLine {
    /// The product's name.
    #[schema(example = "cutlery", min_length = 1, max_length = 200)]
    name: String,
    /// How many.
    #[schema(minimum = 1, maximum = 1_000_000, example = 2)]
    quantity: i64,
    /// What one is expected to cost: at another price nothing is ordered.
    #[schema(value_type = Option<f64>, example = 5.99)]
    price: Option<DecimalNumber>,
}

impl NewLine {
    /// The line that stands at `index`, from 0.
    fn read(self, index: usize) -> Result<RawLine, Problem> {
        let price = self.price.map(|price| {
            Money::from_decimal(price.as_str(), DEFAULT_CURRENCY).map_err(|why| {
                Problem::invalid_body().detail(format!("products[{index}].price: {why}"))
            })
        });
        Ok(RawLine {
            name: self.name,
            quantity: self.quantity,
            price: price.transpose()?,
        })
    }
}

/// Places an order.
///
/// The order is `PENDING` first and soon `ACCEPTED` or `REJECTED`; one that asks for payment goes on to
/// `PAID`, or is `CANCELLED` when it is declined or not paid for in time. With `Prefer: wait=N` the answer
/// comes once it is settled, or after N seconds (at most 30). With an `Idempotency-Key` the request
/// may be repeated: it gets the first answer again.
#[utoipa::path(
    post, path = "/api/orders", tag = "orders", security(("bearer" = [])),
    request_body = NewOrder,
    params(
        IdempotencyKey,
        ("Prefer" = Option<String>, Header, description = "`wait=N`: answer when settled or after N seconds, at most 30"),
    ),
    responses(
        (status = 201, description = "The order", body = inline(OrderBody), headers(
            ("Location" = String, description = "The order's address"),
            ("Idempotent-Replayed" = String, description = "`true` when the request was answered before"),
            ("Preference-Applied" = String, description = "The wait that was applied"),
        )),
        (status = 400, description = "`malformed-json`, `invalid-idempotency-key`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`unknown-product`", body = ProblemBody),
        (status = 409, description = "`insufficient-stock`, `price-changed`", body = ProblemBody),
        (status = 413, description = "`body-too-large`", body = ProblemBody),
        (status = 415, description = "`unsupported-media-type`", body = ProblemBody),
        (status = 422, description = "`invalid-body`, `invalid-order`, `idempotency-key-reused`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn place_order(
    State(api): State<Api>,
    caller: Caller,
    RequestContext(context): RequestContext,
    key: IdempotencyKey,
    headers: HeaderMap,
    Json(body): Json<NewOrder>,
) -> Result<Response, Problem> {
    let wait = prefer::wait(&headers);
    // From here on, so that saving and waiting together stay within the longest request.
    let deadline = Instant::now() + wait.unwrap_or_default();
    let lines = body.products.into_iter().enumerate();
    let lines = lines.map(|(index, line)| line.read(index));
    let basket = Basket::new(lines.collect::<Result<Vec<_>, _>>()?)
        .map_err(|refusal| problems::of_refusal(&refusal))?;
    let payment = body.payment.map(PaymentBody::choice).transpose()?;
    let delivery = body.delivery.as_ref().map(AddressBody::address);
    let delivery = delivery.transpose()?;
    if delivery.is_some() && payment.is_none() {
        return Err(Problem::invalid_body()
            .detail("delivery: only an order with `payment` is delivered")
            .with("field", "delivery"));
    }
    let customer = AccountId::from_bytes(caller.account_id.into_bytes());
    let id = OrderId::from_bytes(api.clock.uuid().into_bytes());
    let request = PlaceOrder {
        id,
        event_id: api.clock.uuid(),
        customer,
        retry: key
            .as_str()
            .map(|key| retry_key(customer, key, &basket, payment.as_ref(), delivery.as_ref())),
        basket,
        payment,
        delivery,
        context,
    };
    // Before the order is there, so that its settlement can't come in between.
    let watch = wait
        .filter(|wait| !wait.is_zero())
        .map(|_| api.hub.watch(id));
    let placed = api
        .order_queue
        .place(request)
        .await
        .map_err(|error| problems::of_queue_error(&error))?;
    let placed = placed.map_err(|declined| problems::of_declined(&declined))?;
    let (order, again) = match placed {
        Placed::New(order) => (order, false),
        Placed::Again(order) => (order, true),
    };
    let order = match watch {
        Some(_) if again => {
            let watch = api.hub.watch(order.id);
            until_settled(&api, watch, order, deadline, true).await
        }
        Some(watch) => until_settled(&api, watch, order, deadline, false).await,
        None => order,
    };
    Ok(answer(&order, again, wait))
}

fn answer(order: &Order, again: bool, wait: Option<Duration>) -> Response {
    let mut response = (StatusCode::CREATED, Json(OrderBody::of(order))).into_response();
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::try_from(format!("/api/orders/{}", order.id)) {
        headers.insert(header::LOCATION, location);
    }
    if again {
        headers.insert(host::REPLAYED, HeaderValue::from_static("true"));
    }
    if let Some(wait) = wait
        && let Ok(applied) = HeaderValue::try_from(format!("wait={}", wait.as_secs()))
    {
        headers.insert(prefer::PREFERENCE_APPLIED, applied);
    }
    response
}

/// The order once it is settled, or as it is at the deadline. `old` says that it was placed before
/// `watch` was made, so that it has to be looked at.
async fn until_settled(
    api: &Api,
    mut watch: Watch,
    placed: Order,
    deadline: Instant,
    old: bool,
) -> Order {
    let settled = async {
        if old || !watch.was_open() {
            if !watch.opened().await {
                return None;
            }
            if let Ok(Some(order)) = api.orders.by_id(placed.id).await
                && order.status != OrderStatus::Pending
            {
                return Some(order);
            }
        }
        watch.settled().await.map(Arc::unwrap_or_clone)
    };
    if let Ok(Some(order)) = timeout_at(deadline, settled).await {
        return order;
    }
    // Placed it is in any case; if it can't be looked at, that is the answer.
    match timeout(PATIENCE, api.orders.by_id(placed.id)).await {
        Ok(Ok(Some(order))) => order,
        _ => placed,
    }
}
