//! The service over HTTP, one file per endpoint.

mod api;
mod body;
mod get_balance;
mod get_payment;
mod grant_balance;
mod pay;
mod problems;
mod refund;
mod take_webhook;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use api::Api;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_payment::get_payment, pay::pay))
        .routes(routes!(refund::refund))
        .routes(routes!(get_balance::get_balance))
        .routes(routes!(grant_balance::grant_balance))
        .routes(routes!(take_webhook::take_webhook))
}
