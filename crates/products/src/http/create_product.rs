//! `POST /api/products`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use events::money::DecimalNumber;
use events::{ProductId, ProductState};
use host::{Answer, IdempotencyKey, RequestContext};
use http::StatusCode;
use outbox::idempotency::Fingerprint;
use serde::Deserialize;
use service::http::{Json, Problem, ProblemBody};
use service::token::AdminCaller;
use utoipa::ToSchema;

use super::{Api, ProductBody, problems};
use crate::commands;
use crate::domain::{Draft, DraftFields};

/// A request for a new product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateProduct {
    /// The product.
    product: NewProduct,
}

/// A product that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProduct {
    /// Its name, 1 to 100 characters, none of them invisible; no other product may have it in any
    /// letter case or form.
    #[schema(example = "lamp")]
    name: String,
    /// What it is, 1 to 2,000 characters.
    #[schema(example = "A desk lamp with a warm light.")]
    description: String,
    /// The price of one: 0 to 10,000,000 with at most two decimal places.
    #[schema(value_type = f64, example = 19.99)]
    price: DecimalNumber,
    /// How many there are: 0 to 1,000,000,000.
    #[schema(example = 12)]
    quantity: i64,
    /// The names of its categories, at most 10, which have to exist.
    #[schema(example = json!(["furniture"]))]
    categories: Vec<String>,
}

/// Adds a product to the catalogue.
#[utoipa::path(
    post,
    path = "/api/products",
    tag = "products",
    security(("bearer" = ["admin"])),
    params(IdempotencyKey),
    request_body = CreateProduct,
    responses(
        (status = 201, description = "The product", body = ProductBody,
            headers(("Location" = String, description = "Its address"),
                ("Idempotent-Replayed" = String, description = "`true` when the request was answered before"))),
        (status = 400, description = "`malformed-json`, `invalid-idempotency-key`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 403, description = "`forbidden`: not an admin", body = ProblemBody),
        (status = 409, description = "`product-exists`, `idempotency-key-in-flight`", body = ProblemBody),
        (status = 422, description = "`invalid-body`, `idempotency-key-reused`, `invalid-product` with the member `field`, \
            or `unknown-category`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn create_product(
    AdminCaller(admin): AdminCaller,
    State(api): State<Api>,
    RequestContext(context): RequestContext,
    key: IdempotencyKey,
    Json(CreateProduct { product: asked }): Json<CreateProduct>,
) -> Result<Response, Problem> {
    let draft = Draft::new(&DraftFields {
        name: &asked.name,
        description: &asked.description,
        price: asked.price.as_str(),
        quantity: asked.quantity,
        categories: &asked.categories,
    })
    .map_err(|refusal| problems::of_refusal(&refusal))?;
    let retry = key.of(admin.account_id, fingerprint(&draft));
    let (database, clock) = (&api.database, api.clock.as_ref());
    let work = commands::CreateProduct::new(database, clock, context, draft);
    let done = host::once(database, clock, retry, work, |product: &ProductState| {
        let location = format!("/api/products/{}", product.product_id);
        let body = ProductBody::from(product.clone());
        Ok(Answer::json(StatusCode::CREATED, &body)?.at(location))
    });
    let done = done
        .await
        .map_err(problems::of_command)?
        .inspect(|product| {
            tracing::info!(
                product_id = %product.product_id, name = product.name, by = %admin.account_id,
                "a product was added"
            );
        });
    Ok(done.into_response())
}

fn fingerprint(draft: &Draft) -> Fingerprint {
    // The id is not drawn yet.
    let product = draft
        .clone()
        .into_product(ProductId::nil(), draft.categories());
    let asked = Fingerprint::default()
        .text("product")
        .text(&product.name)
        .text(&product.description)
        .value(product.price.minor.to_be_bytes())
        .value(product.quantity.to_be_bytes());
    product
        .categories
        .iter()
        .fold(asked, |asked, category| asked.text(category))
}
