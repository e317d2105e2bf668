//! The service's routes, one file per endpoint.
//!
//! An endpoint reads the request, calls a command or the catalogue, and says what came out.
//! It decides nothing by itself.

mod api;
mod body;
mod create_category;
mod create_product;
mod get_product;
mod list_categories;
mod list_products;
mod page_token;
mod problems;
mod restock;
mod sort_by;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use api::Api;
pub use body::{CategoryBody, ProductBody};

/// The endpoints.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(
            list_products::list_products,
            create_product::create_product
        ))
        .routes(routes!(get_product::get_product))
        .routes(routes!(restock::restock))
        .routes(routes!(
            list_categories::list_categories,
            create_category::create_category
        ))
}
