//! `GET /api/categories`

use axum::extract::State;
use serde::Serialize;
use service::http::{Json, Problem, ProblemBody};
use utoipa::ToSchema;

use super::{Api, CategoryBody, problems};
use crate::store::Catalogue;

/// Every category.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Categories {
    /// By name.
    categories: Vec<CategoryBody>,
}

/// Lists the categories by name.
#[utoipa::path(
    get,
    path = "/api/categories",
    tag = "products",
    responses(
        (status = 200, description = "Every category", body = Categories),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn list_categories(State(api): State<Api>) -> Result<Json<Categories>, Problem> {
    let names = api
        .database
        .categories()
        .await
        .map_err(|fault| problems::of_fault(&fault))?;
    let categories = names
        .into_iter()
        .map(|name| CategoryBody { name })
        .collect();
    Ok(Json(Categories { categories }))
}
