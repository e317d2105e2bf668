//! `DELETE /api/cart`

use axum::extract::State;
use axum::response::Response;
use host::Context;
use service::http::{Problem, ProblemBody};

use super::body::CartBody;
use super::visit::Visit;
use crate::Settings;
use crate::domain::Change;

/// Empties the caller's cart
#[utoipa::path(
    delete, path = "/api/cart", tag = "carts", security((), ("bearer" = [])),
    params(Visit),
    responses(
        (status = 200, description = "The cart, empty", body = inline(CartBody), headers(("Cart-Token" = String, description = "What the cart is known by from now on; only if it is new"))),
        (status = 401, description = "`unauthorized`: the access token is not valid", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn empty_cart(
    State(context): State<Context<Settings>>,
    visit: Visit,
) -> Result<Response, Problem> {
    visit.change(&context, Change::Empty).await
}
