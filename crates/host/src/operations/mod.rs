//! What an operator may do to a service over HTTP: its dead letters and its jobs. For admins.
//!
//! One file for each endpoint. A dead letter's id in a path is its place, `TOPIC:PARTITION:OFFSET`.

mod body;
mod discard_letter;
mod jobs;
mod list_actions;
mod list_letters;
mod place;
mod problems;
mod retry_letter;
mod show_letter;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use outbox::Clock;
use outbox::Subscriptions;
use outbox::dead_letter::DeadLetters;
use outbox::jobs::JobAdmin;
use outbox::mongo::MongoDatabase;
use service::token::Verifier;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the endpoints of one service work with; cheap to clone.
#[derive(Clone)]
pub struct Operator(Arc<Parts>);

struct Parts {
    group: String,
    desk: DeadLetters<MongoDatabase>,
    jobs: JobAdmin<MongoDatabase>,
    verifier: Verifier,
}

impl Operator {
    /// The operator's access to the service `service`, whose events `subscriptions` handles on
    /// `database`. Whoever calls is told by `verifier`.
    pub fn new(
        service: &str,
        database: MongoDatabase,
        subscriptions: Subscriptions<MongoDatabase>,
        clock: Arc<dyn Clock>,
        verifier: Verifier,
    ) -> Self {
        Self(Arc::new(Parts {
            group: subscriptions.group().to_owned(),
            jobs: JobAdmin::new(database.clone(), Arc::clone(&clock)),
            desk: DeadLetters::new(database, subscriptions, service, clock),
            verifier,
        }))
    }

    fn desk(&self) -> &DeadLetters<MongoDatabase> {
        &self.0.desk
    }

    fn jobs(&self) -> &JobAdmin<MongoDatabase> {
        &self.0.jobs
    }

    fn group(&self) -> &str {
        &self.0.group
    }
}

impl FromRef<Operator> for Verifier {
    fn from_ref(operator: &Operator) -> Self {
        operator.0.verifier.clone()
    }
}

/// The routes of the service `service`, without the frame that every service has around them.
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
    let letters = format!("/api/admin/dead-letters/{service}");
    let jobs = format!("/api/admin/jobs/{service}");
    OpenApiRouter::new()
        .nest(&letters, documented())
        .nest(&jobs, jobs::documented())
}

fn documented() -> OpenApiRouter<Operator> {
    OpenApiRouter::new()
        .routes(routes!(list_letters::list_dead_letters))
        .routes(routes!(list_actions::list_dead_letter_actions))
        .routes(routes!(show_letter::show_dead_letter))
        .routes(routes!(retry_letter::retry_dead_letter))
        .routes(routes!(discard_letter::discard_dead_letter))
}
