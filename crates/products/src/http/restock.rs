//! `POST /api/products/{id}/stock`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use events::{ProductId, ProductState};
use host::{Answer, IdempotencyKey, RequestContext};
use http::StatusCode;
use outbox::idempotency::Fingerprint;
use serde::Deserialize;
use service::http::{Json, Path, Problem, ProblemBody};
use service::token::AdminCaller;
use utoipa::ToSchema;

use super::{Api, ProductBody, problems};
use crate::commands;

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
    params(("id" = uuid::Uuid, Path, description = "The product"), IdempotencyKey),
    request_body = Restock,
    responses(
        (status = 200, description = "The product as it is now", body = ProductBody,
            headers(("Idempotent-Replayed" = String, description = "`true` when the request was answered before"))),
        (status = 400, description = "`malformed-json`, `invalid-idempotency-key`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 404, description = "`unknown-product`", body = ProblemBody),
        (status = 409, description = "`idempotency-key-in-flight`", body = ProblemBody),
        (status = 422, description = "`invalid-body`, `idempotency-key-reused`, or `invalid-product`: not 1 to 1,000,000, \
            or more than can be kept", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn restock(
    AdminCaller(admin): AdminCaller,
    State(api): State<Api>,
    Path(id): Path<ProductId>,
    RequestContext(context): RequestContext,
    key: IdempotencyKey,
    Json(asked): Json<Restock>,
) -> Result<Response, Problem> {
    let more = asked.quantity;
    let asked = Fingerprint::default().text("stock");
    let asked = asked.value(id.into_bytes()).value(more.to_be_bytes());
    let retry = key.of(admin.account_id, asked);
    let (database, clock) = (&api.database, api.clock.as_ref());
    let work = commands::Restock::new(database, clock, context, id, more);
    let done = host::once(database, clock, retry, work, |product: &ProductState| {
        Answer::json(StatusCode::OK, &ProductBody::from(product.clone()))
    });
    let done = done.await.map_err(problems::of_command)?.inspect(|product| {
        tracing::info!(
            product_id = %id, by = %admin.account_id, more, quantity = product.quantity, "restocked"
        );
    });
    Ok(done.into_response())
}
