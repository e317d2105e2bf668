//! `DELETE /api/cart/lines/{product_id}`

use axum::extract::State;
use axum::response::Response;
use events::ProductId;
use host::Context;
use service::http::{Path, Problem, ProblemBody};

use super::body::CartBody;
use super::visit::Visit;
use crate::Settings;
use crate::domain::Change;

/// Takes a product out of the caller's cart
///
/// One that is not in it is no error: that is what was wanted.
#[utoipa::path(
    delete, path = "/api/cart/lines/{product_id}", tag = "carts", security((), ("bearer" = [])),
    params(("product_id" = uuid::Uuid, Path, description = "The product"), Visit),
    responses(
        (status = 200, description = "The cart without it", body = inline(CartBody), headers(("Cart-Token" = String, description = "What the cart is known by from now on; only if it is new"))),
        (status = 401, description = "`unauthorized`: the access token is not valid", body = ProblemBody),
        (status = 404, description = "`not-found` for what is no id", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn delete_line(
    State(context): State<Context<Settings>>,
    visit: Visit,
    Path(product): Path<ProductId>,
) -> Result<Response, Problem> {
    visit.change(&context, Change::Remove(product)).await
}
