//! `PUT /api/cart/lines/{product_id}`

use axum::extract::State;
use axum::response::Response;
use events::ProductId;
use host::Context;
use serde::Deserialize;
use service::http::{Json, Path, Problem, ProblemBody};
use utoipa::ToSchema;

use super::body::CartBody;
use super::problems;
use super::visit::Visit;
use crate::Settings;
use crate::domain::{Change, Quantity};

/// How many of a product are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// In all, not more than before; 0 takes the product out.
    #[schema(minimum = 0, maximum = 1_000_000, example = 2)]
    quantity: i64,
}

/// Puts so many of a product into the caller's cart
///
/// It may be more than there are: stock is decided when they are ordered. The price of now is then the one
/// that the caller knows, and no notice names it any more.
#[utoipa::path(
    put, path = "/api/cart/lines/{product_id}", tag = "carts", security((), ("bearer" = [])),
    params(("product_id" = uuid::Uuid, Path, description = "The product"), Visit),
    request_body = Wanted,
    responses(
        (status = 200, description = "The cart", body = inline(CartBody), headers(("Cart-Token" = String, description = "What the cart is known by from now on; only if it is new"))),
        (status = 400, description = "`malformed-json`", body = ProblemBody),
        (status = 401, description = "`unauthorized`: the access token is not valid", body = ProblemBody),
        (status = 404, description = "`unknown-product`, or `not-found` for what is no id", body = ProblemBody),
        (status = 413, description = "`body-too-large`", body = ProblemBody),
        (status = 415, description = "`unsupported-media-type`", body = ProblemBody),
        (status = 422, description = "`invalid-body`, or `invalid-cart`: a quantity that can't be, or more than 100 products", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn put_line(
    State(context): State<Context<Settings>>,
    visit: Visit,
    Path(product): Path<ProductId>,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let change = match Quantity::new(wanted.quantity).map_err(problems::of_refusal)? {
        Some(quantity) => Change::Put(product, quantity),
        None => Change::Remove(product),
    };
    visit.change(&context, change).await
}
