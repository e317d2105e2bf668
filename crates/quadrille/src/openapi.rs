//! The OpenAPI document of the whole surface, put together from what each service says of its own.

use utoipa::openapi::OpenApi;

/// Every route of the shop as clients see it through the gateway.
pub(crate) fn whole() -> OpenApi {
    gateway::merged(&quadrille::upstreams())
}
