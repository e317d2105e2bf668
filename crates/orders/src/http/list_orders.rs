//! `GET /api/orders`

use axum::extract::State;
use events::AccountId;
use service::http::{Json, Problem, ProblemBody, Query};
use service::token::Caller;

use super::Api;
use super::page::{ListQuery, OrdersBody, Page};
use crate::store::OrderFilter;

/// The caller's orders, newest first.
#[utoipa::path(
    get, path = "/api/orders", tag = "orders", security(("bearer" = [])),
    params(ListQuery),
    responses(
        (status = 200, description = "A page; empty when there is no order", body = inline(OrdersBody)),
        (status = 400, description = "`invalid-query`, `invalid-page-token`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn list_orders(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<OrdersBody>, Problem> {
    let page = Page::of(&query)?;
    let filter = OrderFilter {
        customer: Some(AccountId::from_bytes(caller.account_id.into_bytes())),
        status: query.status,
        ..OrderFilter::default()
    };
    let found = api
        .read(api.orders.newest(filter, page.after, page.limit()))
        .await?;
    Ok(Json(page.answer(found)))
}
