//! The whole surface's description, from those of the services.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// Health routes, which the gateway adds itself; the services describe their own routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Quadrille",
        description = "An event-driven shop: the catalogue, orders and accounts. Every answer that is not a success is a problem (RFC 9457) whose `type` leads to a page that explains it.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    paths(products_health, orders_health, authentication_health, crate::operations::operations),
    components(schemas(service::health::Readiness, service::http::ProblemBody)),
    tags(
        (name = "health", description = "Whether a service can serve"),
        (name = "operations", description = "What goes on in the shop, for its operators"),
    ),
    modifiers(&Bearer),
)]
struct Surface;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// One description of the gateway's routes and the services'.
pub fn merged(
    services: impl IntoIterator<Item = utoipa::openapi::OpenApi>,
) -> utoipa::openapi::OpenApi {
    let mut whole = Surface::openapi();
    for service in services {
        whole.merge(service);
    }
    whole
}

#[utoipa::path(
    get, path = "/api/products_health", tag = "health",
    responses((status = 200, body = service::health::Readiness), (status = 503, body = service::health::Readiness)),
)]
#[allow(dead_code, reason = "only describes a route of the access table")]
fn products_health() {}

#[utoipa::path(
    get, path = "/api/orders_health", tag = "health",
    responses((status = 200, body = service::health::Readiness), (status = 503, body = service::health::Readiness)),
)]
#[allow(dead_code, reason = "only describes a route of the access table")]
fn orders_health() {}

#[utoipa::path(
    get, path = "/api/authentication_health", tag = "health",
    responses((status = 200, body = service::health::Readiness), (status = 503, body = service::health::Readiness)),
)]
#[allow(dead_code, reason = "only describes a route of the access table")]
fn authentication_health() {}
