//! The service over HTTP, one file per endpoint.

mod list_mails;

use host::Context;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Settings;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Context<Settings>> {
    OpenApiRouter::new().routes(routes!(list_mails::list_mails))
}
