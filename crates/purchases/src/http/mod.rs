//! The service over HTTP, one file per endpoint.

mod body;
mod buy;
mod list;
mod problems;

use axum::routing::get;
use host::Context;
use http::HeaderMap;
use service::http::Problem;
use service::token::Role;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Purchases;

/// Where the routes stand once more.
const PREFIX: &str = "/scalable-shop-cm-server";

/// The endpoints.
pub fn routes() -> OpenApiRouter<Context<Purchases>> {
    let mut prefixed = OpenApiRouter::new().nest(PREFIX, intake());
    // An operation's name is unique in the whole document.
    for item in prefixed.get_openapi_mut().paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            operation.operation_id = None;
        }
    }
    intake().merge(prefixed)
}

fn intake() -> OpenApiRouter<Context<Purchases>> {
    OpenApiRouter::new()
        .routes(routes!(buy::buy))
        .routes(routes!(list::get_all_user_buys))
        .routes(routes!(list::buy_list))
        // At the service itself: the gateway has its own.
        .route("/healthz", get(async || "Success"))
}

/// Lets `username` and, where it is given, `userid` be the caller's own; anyone's in a demo start, and
/// for an admin.
async fn may(
    context: &Context<Purchases>,
    headers: &HeaderMap,
    username: &str,
    userid: Option<&str>,
) -> Result<(), Problem> {
    if context.is_demo() {
        return Ok(());
    }
    let caller = context.verifier().caller(headers).await?;
    let own = username.eq_ignore_ascii_case(&caller.email)
        && userid.is_none_or(|id| id == caller.account_id.to_string());
    if own || caller.role == Role::Admin {
        return Ok(());
    }
    Err(Problem::forbidden().detail(format!(
        "these are not your own purchases: username must be {} and userid {}",
        caller.email, caller.account_id
    )))
}
