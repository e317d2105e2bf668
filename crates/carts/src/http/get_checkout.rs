//! `GET /api/checkout/{order_id}`

use axum::extract::State;
use events::OrderId;
use host::Context;
use newtype_uuid::GenericUuid;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::Caller;

use super::body::CheckoutBody;
use super::problems;
use crate::{Settings, store};

/// What has become of a checkout
///
/// It can be looked at until 30 days after its order was placed or rejected; the order has a page of its own.
#[utoipa::path(
    get, path = "/api/checkout/{order_id}", tag = "carts", security(("bearer" = [])),
    params(("order_id" = uuid::Uuid, Path, description = "The order that it becomes")),
    responses(
        (status = 200, description = "How far it is", body = inline(CheckoutBody)),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`unknown-order`: there is none, or it is someone else's; `not-found` for what is no id", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn get_checkout(
    State(context): State<Context<Settings>>,
    caller: Caller,
    Path(order_id): Path<OrderId>,
) -> Result<Json<CheckoutBody>, Problem> {
    let found = store::read_checkout(&context.database(), order_id).await;
    let found = found.map_err(|fault| problems::of_store(&fault))?;
    let own = found.filter(|it| it.account_id.into_untyped_uuid() == caller.account_id);
    let checkout = own.ok_or_else(problems::unknown_checkout)?;
    Ok(Json(CheckoutBody::of(&checkout)))
}
