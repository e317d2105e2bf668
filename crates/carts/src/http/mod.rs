//! The service over HTTP, one file per endpoint.

mod body;
mod cart_token;
mod delete_line;
mod empty_cart;
mod get_cart;
mod problems;
mod put_line;
mod visit;

use host::Context;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Settings;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Context<Settings>> {
    OpenApiRouter::new()
        .routes(routes!(get_cart::get_cart, empty_cart::empty_cart))
        .routes(routes!(put_line::put_line, delete_line::delete_line))
}
