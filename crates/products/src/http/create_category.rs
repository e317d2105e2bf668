//! `POST /api/categories`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use host::{Answer, IdempotencyKey};
use http::StatusCode;
use outbox::idempotency::Fingerprint;
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
    /// Its name, 1 to 50 characters, none of them invisible. It is kept in lower case with one space
    /// between words.
    #[schema(example = "garden")]
    name: String,
}

/// Adds a category.
#[utoipa::path(
    post,
    path = "/api/categories",
    tag = "products",
    security(("bearer" = ["admin"])),
    params(IdempotencyKey),
    request_body = CreateCategory,
    responses(
        (status = 201, description = "The category", body = CategoryBody,
            headers(("Idempotent-Replayed" = String, description = "`true` when the request was answered before"))),
        (status = 400, description = "`malformed-json`, `invalid-idempotency-key`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 409, description = "`category-exists`, `idempotency-key-in-flight`", body = ProblemBody),
        (status = 422, description = "`invalid-body`, `invalid-category`, `idempotency-key-reused`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn create_category(
    AdminCaller(admin): AdminCaller,
    State(api): State<Api>,
    key: IdempotencyKey,
    Json(asked): Json<CreateCategory>,
) -> Result<Response, Problem> {
    let name = CategoryName::new(&asked.name).map_err(|refusal| problems::of_refusal(&refusal))?;
    let asked = Fingerprint::default().text("category").text(name.as_str());
    let retry = key.of(admin.account_id, asked);
    let (database, clock) = (&api.database, api.clock.as_ref());
    let work = commands::CreateCategory::new(database, clock, name);
    let done = host::once(database, clock, retry, work, |name| {
        let name = name.to_string();
        Answer::json(StatusCode::CREATED, &CategoryBody { name })
    });
    let done = done.await.map_err(problems::of_command)?.inspect(|name| {
        tracing::info!(category = %name, by = %admin.account_id, "a category was added");
    });
    Ok(done.into_response())
}
