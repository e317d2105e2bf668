//! `GET /api/orders/{id}/payment`

use axum::extract::State;
use events::{AccountId, OrderId};
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::{Caller, Role};

use super::api::Api;
use super::body::PaymentBody;
use super::problems;
use crate::store;

/// The payment of an order
///
/// There is one once the order is accepted, for its customer and for admins.
#[utoipa::path(
    get, path = "/api/orders/{id}/payment", tag = "payments", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The payment", body = PaymentBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`unknown-payment`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get_payment(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<PaymentBody>, Problem> {
    let order: OrderId = id.parse().map_err(|_| problems::unknown_payment())?;
    let found = store::payment(&api.context.database(), order).await;
    let found = found.map_err(|fault| problems::of_store(&fault))?;
    let payment = found.ok_or_else(problems::unknown_payment)?;
    let owns = payment.customer_id == AccountId::from_u128(caller.account_id.as_u128());
    if !owns && caller.role != Role::Admin {
        return Err(problems::unknown_payment());
    }
    Ok(Json(PaymentBody::from(&payment)))
}
