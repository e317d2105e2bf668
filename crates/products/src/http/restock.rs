//! `POST /api/products/{id}/stock`

use axum::extract::State;
use events::ProductId;
use serde::Deserialize;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;
use utoipa::ToSchema;

use super::{Api, ProductBody, problems};
use crate::commands;
use host::RequestContext;

/// A request to put more of a product in stock.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restock {
    /// How many more: 1 to 1,000,000.
    #[schema(example = 20)]
    quantity: i64,
}

/// Puts more of a product in stock.
#[utoipa::path(
    post,
    path = "/api/products/{id}/stock",
    tag = "products",
    security(("bearer" = ["admin"])),
    params(("id" = uuid::Uuid, Path, description = "The product")),
    request_body = Restock,
    responses(
        (status = 200, description = "The product as it is now", body = ProductBody),
        (status = 400, description = "`malformed-json`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 404, description = "`unknown-product`", body = ProblemBody),
        (status = 422, description = "`invalid-body`, or `invalid-product`: not 1 to 1,000,000, \
            or more than can be kept", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn restock(
    AdminCaller(admin): AdminCaller,
    State(api): State<Api>,
    Path(id): Path<ProductId>,
    RequestContext(context): RequestContext,
    Json(asked): Json<Restock>,
) -> Result<Json<ProductBody>, Problem> {
    let command = commands::restock(
        &api.database,
        api.clock.as_ref(),
        context,
        id,
        asked.quantity,
    );
    let product = command.await.map_err(problems::of_command)?;
    tracing::info!(
        product_id = %id, by = %admin.account_id, more = asked.quantity,
        quantity = product.quantity, "restocked"
    );
    Ok(Json(product.into()))
}
