//! `GET /api/orders/{id}`

use axum::extract::State;
use events::OrderId;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::{Caller, Role};

use super::body::OrderBody;
use super::{Api, problems};

/// One order with its history, for its owner and for admins.
#[utoipa::path(
    get, path = "/api/orders/{id}", tag = "orders", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The order", body = inline(OrderBody)),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`unknown-order`: there is none, or it is someone else's", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn get_order(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<OrderBody>, Problem> {
    let id: OrderId = id.parse().map_err(|_| problems::unknown_order())?;
    let order = api
        .read(api.orders.by_id(id))
        .await?
        .ok_or_else(problems::unknown_order)?;
    let owns = order.customer.as_bytes() == caller.account_id.as_bytes();
    if !owns && caller.role != Role::Admin {
        return Err(problems::unknown_order());
    }
    Ok(Json(OrderBody::in_full(&order)))
}
