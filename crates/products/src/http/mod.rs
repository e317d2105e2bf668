//! The service's routes, one file per endpoint.
//!
//! An endpoint reads the request, calls a command or the catalogue, and says what came out.
//! It decides nothing by itself.

mod body;
mod create_category;
mod create_product;
mod get_product;
mod list_categories;
mod list_products;
mod page_token;
mod problems;
mod raise_stock;

use std::sync::Arc;

use axum::extract::FromRef;
use outbox::Clock;
use service::token::Verifier;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalogue::MemoryCatalogue;
use crate::store::ShopDatabase;

pub use body::{CategoryBody, ProductBody};

/// What every endpoint works with: those that change something on the database, those that read
/// have the catalogue in memory.
#[derive(Clone)]
pub struct Api {
    /// The service's database.
    pub database: ShopDatabase,
    /// Draws ids and tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells who calls.
    pub verifier: Verifier,
    /// Answers readers; of the same database.
    pub catalogue: MemoryCatalogue,
}

impl FromRef<Api> for MemoryCatalogue {
    fn from_ref(api: &Api) -> Self {
        api.catalogue.clone()
    }
}

impl FromRef<Api> for Verifier {
    fn from_ref(api: &Api) -> Self {
        api.verifier.clone()
    }
}

/// The endpoints.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(
            list_products::list_products,
            create_product::create_product
        ))
        .routes(routes!(get_product::get_product))
        .routes(routes!(raise_stock::raise_stock))
        .routes(routes!(
            list_categories::list_categories,
            create_category::create_category
        ))
}
