//! The service over HTTP, one file per endpoint.
//!
//! **How to add one.** A file with a handler described by `#[utoipa::path]`, its line in `routes`,
//! and the codes that are new in `problems.rs`, each with a page in `docs/errors/`.

mod api;
mod body;
mod cancel_order;
mod get_order;
mod list_all_orders;
mod list_orders;
mod page;
mod place_order;
mod prefer;
mod problems;
mod stream_orders;

use service::http::ProblemBody;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use api::{Api, Parts};

#[derive(OpenApi)]
#[openapi(
    info(title = "Quadrille orders", description = "Placing orders and following them."),
    components(schemas(ProblemBody)),
    tags((name = "orders", description = "Placing orders and following them until they settle"))
)]
struct Description;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(place_order::place_order, list_orders::list_orders))
        .routes(routes!(stream_orders::stream_orders))
        .routes(routes!(get_order::get_order))
        .routes(routes!(cancel_order::cancel_order))
        .routes(routes!(list_all_orders::list_all_orders))
}
