//! The service over HTTP, one file per endpoint.

mod access;
mod body;
mod buy;
mod list;
mod problems;

use axum::routing::get;
use host::Context;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Settings;

/// Where the routes stand once more.
const PREFIX: &str = "/scalable-shop-cm-server";

/// The endpoints.
pub fn routes() -> OpenApiRouter<Context<Settings>> {
    let mut prefixed = OpenApiRouter::new().nest(PREFIX, intake());
    // An operation's name is unique in the whole document.
    for item in prefixed.get_openapi_mut().paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            operation.operation_id = None;
        }
    }
    intake().merge(prefixed)
}

fn intake() -> OpenApiRouter<Context<Settings>> {
    OpenApiRouter::new()
        .routes(routes!(buy::buy))
        .routes(routes!(list::get_all_user_buys))
        .routes(routes!(list::buy_list))
        // At the service itself: the gateway has its own.
        .route("/healthz", get(async || "Success"))
}
