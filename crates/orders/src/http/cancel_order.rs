//! `POST /api/orders/{id}/cancel`

use axum::extract::State;
use events::{AccountId, OrderId, text};
use host::RequestContext;
use outbox::transact;
use serde::Deserialize;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::{Caller, Role};
use utoipa::ToSchema;

use super::body::OrderBody;
use super::{Api, problems};
use crate::commands::{CancelOrder, CancelledBy};
use crate::domain::MAX_NOTE_CHARS;

/// Why an order is cancelled.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelBody {
    /// A note, shown with the order to its customer and to admins.
    #[schema(min_length = 1, max_length = 500, example = "ordered by mistake")]
    reason: Option<String>,
}

/// Cancels an order.
///
/// What was reserved for it is there again a moment later. Repeated, it answers with the order as it
/// stands.
#[utoipa::path(
    post, path = "/api/orders/{id}/cancel", tag = "orders", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id")),
    request_body(content = Option<CancelBody>),
    responses(
        (status = 200, description = "The order, `CANCELLED` or `CANCELLING`", body = inline(OrderBody)),
        (status = 400, description = "`malformed-json`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`unknown-order`: there is none, or it is someone else's", body = ProblemBody),
        (status = 409, description = "`too-late`: it is on its way, delivered, or was rejected", body = ProblemBody),
        (status = 413, description = "`body-too-large`", body = ProblemBody),
        (status = 415, description = "`unsupported-media-type`", body = ProblemBody),
        (status = 422, description = "`invalid-body`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn cancel_order(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    RequestContext(context): RequestContext,
    body: Option<Json<CancelBody>>,
) -> Result<Json<OrderBody>, Problem> {
    let id: OrderId = id.parse().map_err(|_| problems::unknown_order())?;
    let note = body.and_then(|Json(body)| body.reason);
    let note = note
        .map(|note| text::parse(&note, MAX_NOTE_CHARS))
        .transpose()
        .map_err(problems::invalid_note)?;
    let customer = AccountId::from_bytes(caller.account_id.into_bytes());
    let by = match caller.role {
        Role::Admin => CancelledBy::Admin(customer),
        Role::User => CancelledBy::Customer(customer),
    };
    let (database, clock) = (api.orders.database(), api.clock.as_ref());
    let mut work = CancelOrder::new(database, clock, context, id, by, note);
    let done = api.read(transact(database, &mut work)).await?;
    let (order, now) = done.map_err(problems::of_not_cancelled)?;
    if now {
        api.cancellations.cancelled(&order, caller.account_id);
    }
    Ok(Json(OrderBody::in_full(&order)))
}
