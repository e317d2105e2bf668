//! Jobs. An id in a path is the job's own.

mod body;
mod discard_job;
mod list_actions;
mod list_jobs;
mod page;
mod retry_job;
mod show_job;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Operator;

pub(super) fn documented() -> OpenApiRouter<Operator> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs::list_jobs))
        .routes(routes!(list_actions::list_job_actions))
        .routes(routes!(show_job::show_job))
        .routes(routes!(retry_job::retry_job))
        .routes(routes!(discard_job::discard_job))
}
