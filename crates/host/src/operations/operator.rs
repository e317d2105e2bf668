use std::sync::Arc;

use axum::extract::FromRef;
use outbox::dead_letter::{DeadLetterAdmin, Originals};
use outbox::jobs::JobAdmin;
use outbox::mongo::MongoDatabase;
use outbox::{Clock, Subscriptions};
use service::token::Verifier;

/// What the endpoints of one service work with; cheap to clone.
#[derive(Clone)]
pub struct Operator(Arc<Parts>);

struct Parts {
    group: String,
    dead_letters: DeadLetterAdmin<MongoDatabase>,
    jobs: JobAdmin<MongoDatabase>,
    verifier: Verifier,
}

impl Operator {
    /// The operator's access to the service `service`, whose events `subscriptions` handles on
    /// `database`; what was too large to be kept is read from `originals`. Whoever calls is told by
    /// `verifier`.
    pub fn new(
        service: &str,
        database: MongoDatabase,
        subscriptions: Subscriptions<MongoDatabase>,
        clock: Arc<dyn Clock>,
        originals: Arc<dyn Originals>,
        verifier: Verifier,
    ) -> Self {
        Self(Arc::new(Parts {
            group: subscriptions.group().to_owned(),
            jobs: JobAdmin::new(database.clone(), Arc::clone(&clock)),
            dead_letters: DeadLetterAdmin::new(database, subscriptions, service, clock, originals),
            verifier,
        }))
    }

    pub(super) fn dead_letters(&self) -> &DeadLetterAdmin<MongoDatabase> {
        &self.0.dead_letters
    }

    pub(super) fn jobs(&self) -> &JobAdmin<MongoDatabase> {
        &self.0.jobs
    }

    pub(super) fn group(&self) -> &str {
        &self.0.group
    }
}

impl FromRef<Operator> for Verifier {
    fn from_ref(operator: &Operator) -> Self {
        operator.0.verifier.clone()
    }
}
