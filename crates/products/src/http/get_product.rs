//! `GET /api/products/{id}`

use axum::extract::State;
use events::ProductId;
use service::http::{Json, Path, Problem, ProblemBody};

use super::{ProductBody, problems};
use crate::catalogue::MemoryCatalogue;
use crate::domain::Refusal;
use crate::store::Catalogue;

/// One product.
#[utoipa::path(
    get,
    path = "/api/products/{id}",
    tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    responses(
        (status = 200, description = "The product", body = ProductBody),
        (status = 404, description = "`unknown-product`, or `not-found` for what is no id",
            body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn get_product(
    State(catalogue): State<MemoryCatalogue>,
    Path(id): Path<ProductId>,
) -> Result<Json<ProductBody>, Problem> {
    let found = catalogue
        .find_by_id(id)
        .await
        .map_err(|fault| problems::of_fault(&fault))?;
    let product = found.ok_or_else(|| problems::of_refusal(&Refusal::UnknownProduct(id)))?;
    Ok(Json(product.into()))
}
