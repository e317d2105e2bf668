//! The whole surface's description, from those of the services.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self};
use utoipa::{Modify, OpenApi};

use crate::Upstream;

/// Health routes, which the gateway adds itself; the services describe their own routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Quadrille",
        description = "An event-driven shop: the catalogue, orders and accounts. Every answer that is not a success is a problem (RFC 9457) whose `type` leads to a page that explains it.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    paths(health, crate::operations::operations),
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
    fn modify(&self, openapi: &mut openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// One description of the gateway's routes and the services'.
pub fn merged(services: &[Upstream]) -> openapi::OpenApi {
    let mut whole = Surface::openapi();
    // Each service's health has the form of the one that is described below.
    let health = whole.paths.paths.remove(HEALTH);
    for service in services {
        whole.merge(service.openapi.clone());
        if let Some(mut health) = health.clone() {
            if let Some(get) = &mut health.get {
                get.operation_id = Some(format!("{}_health", service.name));
            }
            whole.paths.paths.insert(service.health.to_owned(), health);
        }
    }
    whole
}

const HEALTH: &str = "/api/SERVICE_health";

/// Whether the service can serve
#[utoipa::path(
    get, path = "/api/SERVICE_health", tag = "health",
    responses((status = 200, body = service::health::Readiness), (status = 503, body = service::health::Readiness)),
)]
#[allow(dead_code, reason = "only describes routes of the access table")]
fn health() {}
