//! `GET /api/admin/orders`

use axum::extract::State;
use events::{OrderId, OrderStatus};
use serde::Deserialize;
use service::http::{Json, Problem, ProblemBody, Query};
use service::token::AdminCaller;
use utoipa::IntoParams;
use uuid::Uuid;

use super::Api;
use super::page::{ListQuery, OrdersBody, Page};
use crate::store::OrderFilter;

/// Which orders are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AllQuery {
    /// Only those that stand here: `PENDING`, `ACCEPTED`, `REJECTED`, `PAID`, `IN_DELIVERY`,
    /// `DELIVERED`, `CANCELLING` or `CANCELLED`.
    #[param(value_type = Option<String>, example = "PENDING")]
    status: Option<OrderStatus>,
    /// Only this one.
    id: Option<Uuid>,
    /// The most orders in the answer: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    page_size: Option<i64>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

/// Everyone's orders, newest first, for admins.
#[utoipa::path(
    get, path = "/api/admin/orders", tag = "orders", security(("bearer" = ["admin"])),
    params(AllQuery),
    responses(
        (status = 200, description = "A page; empty when there is no such order", body = inline(OrdersBody)),
        (status = 400, description = "`invalid-query`, `invalid-page-token`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn list_all_orders(
    State(api): State<Api>,
    _admin: AdminCaller,
    Query(query): Query<AllQuery>,
) -> Result<Json<OrdersBody>, Problem> {
    let page = Page::of(&ListQuery {
        status: query.status,
        page_size: query.page_size,
        page_token: query.page_token,
    })?;
    let filter = OrderFilter {
        customer: None,
        status: query.status,
        id: query.id.map(|id| OrderId::from_bytes(id.into_bytes())),
    };
    let found = api
        .read(api.orders.newest(filter, page.after, page.limit()))
        .await?;
    Ok(Json(page.answer(found)))
}
