//! `GET /api/cart`

use axum::extract::State;
use axum::response::Response;
use host::Context;
use service::http::{Problem, ProblemBody};

use super::body::CartBody;
use super::visit::Visit;
use crate::Settings;

/// The caller's cart
///
/// An account's, or with a `Cart-Token` a visitor's. A visitor without one gets an empty cart, and the
/// token that it will be known by. With both, the visitor's cart is merged into the account's first, once:
/// quantities are added up, and what would be over the limits of a cart is left out.
#[utoipa::path(
    get, path = "/api/cart", tag = "carts", security((), ("bearer" = [])),
    params(Visit),
    responses(
        (status = 200, description = "The cart", body = inline(CartBody), headers(("Cart-Token" = String, description = "What the cart is known by from now on; only if it is new"))),
        (status = 401, description = "`unauthorized`: the access token is not valid", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn get_cart(
    State(context): State<Context<Settings>>,
    visit: Visit,
) -> Result<Response, Problem> {
    visit.show(&context).await
}
