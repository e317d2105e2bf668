//! `POST /api/categories`

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use service::http::{Json, Problem, ProblemBody};
use service::token::AdminCaller;
use utoipa::ToSchema;

use super::{Api, CategoryBody, problems};
use crate::commands;
use crate::domain::CategoryName;

/// A request for a new category.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateCategory {
    /// Its name, 1 to 50 characters. It is kept in lower case with one space between words.
    #[schema(example = "garden")]
    name: String,
}

/// Adds a category.
#[utoipa::path(
    post,
    path = "/api/categories",
    tag = "products",
    security(("bearer" = ["admin"])),
    request_body = CreateCategory,
    responses(
        (status = 201, description = "The category", body = CategoryBody),
        (status = 400, description = "`malformed-json`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 409, description = "`category-exists`", body = ProblemBody),
        (status = 422, description = "`invalid-body` or `invalid-category`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn create_category(
    AdminCaller(admin): AdminCaller,
    State(api): State<Api>,
    Json(asked): Json<CreateCategory>,
) -> Result<(StatusCode, Json<CategoryBody>), Problem> {
    let name = CategoryName::new(&asked.name).map_err(|refusal| problems::of_refusal(&refusal))?;
    let name = commands::create_category(&api.database, api.clock.as_ref(), name)
        .await
        .map_err(problems::of_command)?;
    tracing::info!(category = %name, by = %admin.account_id, "a category was added");
    Ok((
        StatusCode::CREATED,
        Json(CategoryBody {
            name: name.to_string(),
        }),
    ))
}
