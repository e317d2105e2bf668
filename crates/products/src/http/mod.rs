//! The service's routes, one file per endpoint.
//!
//! An endpoint reads the request, calls a command or the catalogue, and says what came out.
//! It decides nothing by itself.

mod body;
mod cause;
mod create_category;
mod create_product;
mod get_product;
mod list_categories;
mod list_products;
mod page_token;
mod problems;
mod raise_stock;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, Request};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use outbox::{Clock, Ground};
use service::http::Problem;
use service::token::Verifier;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalogue::MemoryCatalogue;
use crate::store::ShopDatabase;

pub use body::{CategoryBody, ProductBody};

/// What every endpoint works with.
#[derive(Clone)]
pub struct Api {
    /// The service's database.
    pub database: ShopDatabase,
    /// Draws ids and tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells who calls.
    pub verifier: Verifier,
}

/// What the endpoints share: those that change work on the database, those that read have the
/// catalogue in memory.
#[derive(Clone)]
struct Desk {
    api: Api,
    catalogue: MemoryCatalogue,
}

impl FromRef<Desk> for Api {
    fn from_ref(desk: &Desk) -> Self {
        desk.api.clone()
    }
}

impl FromRef<Desk> for MemoryCatalogue {
    fn from_ref(desk: &Desk) -> Self {
        desk.catalogue.clone()
    }
}

impl FromRef<Desk> for Verifier {
    fn from_ref(desk: &Desk) -> Self {
        desk.api.verifier.clone()
    }
}

/// The routes, without the frame that every service has around them.
pub fn router(api: Api) -> Router {
    let catalogue = MemoryCatalogue::new(api.database.clone());
    router_over(api, catalogue)
}

/// The routes, whose readers are served by `catalogue`, which is of the same database.
pub fn router_over(api: Api, catalogue: MemoryCatalogue) -> Router {
    let desk = Desk { api, catalogue };
    documented().split_for_parts().0.with_state(desk)
}

/// Refuses changes until the tables are made, without whose unique index there would be two
/// products of one name, and hold all that the service has published: a change of what a
/// restored database has forgotten would contradict what others were told.
pub fn changes_need_the_past(router: Router, ground: Ground) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let refused = !request.method().is_safe() && !ground.is_up_to_date();
        async move {
            if refused {
                return Problem::unavailable(Duration::from_secs(1))
                    .detail("products is starting; try again in a moment")
                    .into_response();
            }
            next.run(request).await
        }
    }))
}

/// The description of the routes.
pub fn openapi() -> OpenApi {
    let mut openapi = documented().split_for_parts().1;
    openapi.merge(operations::openapi(crate::CONTRACT.service));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    openapi
        .components
        .get_or_insert_default()
        .add_security_scheme("bearer", SecurityScheme::Http(bearer));
    openapi
}

fn documented() -> OpenApiRouter<Desk> {
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
