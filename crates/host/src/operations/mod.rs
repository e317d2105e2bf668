//! What an operator may do to a service over HTTP: its dead letters and its jobs. For admins.
//!
//! One file for each endpoint. A dead letter's id in a path is its place, `TOPIC:PARTITION:OFFSET`.

mod body;
mod discard_dead_letter;
mod jobs;
mod list_actions;
mod list_dead_letters;
mod operator;
mod path_id;
mod problems;
mod retry_dead_letter;
mod show_dead_letter;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use operator::Operator;

/// The routes of the service `service`, without the middleware that every service has around them.
pub fn router(service: &str, operator: Operator) -> Router {
    nested(service).split_for_parts().0.with_state(operator)
}

/// The description of the routes of the service `service`.
pub fn openapi(service: &str) -> OpenApi {
    let mut openapi = nested(service).split_for_parts().1;
    // Several services have these routes, and an operation's name is unique in the whole.
    for item in openapi.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            if let Some(id) = &mut operation.operation_id {
                *id = format!("{service}_{id}");
            }
        }
    }
    openapi
}

fn nested(service: &str) -> OpenApiRouter<Operator> {
    let dead_letters = format!("/api/admin/dead-letters/{service}");
    let jobs = format!("/api/admin/jobs/{service}");
    OpenApiRouter::new()
        .nest(&dead_letters, documented())
        .nest(&jobs, jobs::documented())
}

fn documented() -> OpenApiRouter<Operator> {
    OpenApiRouter::new()
        .routes(routes!(list_dead_letters::list_dead_letters))
        .routes(routes!(list_actions::list_dead_letter_actions))
        .routes(routes!(show_dead_letter::show_dead_letter))
        .routes(routes!(retry_dead_letter::retry_dead_letter))
        .routes(routes!(discard_dead_letter::discard_dead_letter))
}
