//! What the endpoints work with.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use outbox::{Clock, StoreError};
use service::http::Problem;
use service::token::Verifier;

use super::problems;
use crate::commands::OrderQueue;
use crate::live::Hub;
use crate::metrics::CancellationMetrics;
use crate::store::MongoOrders;

/// How long an answer waits for the database before it is 503.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What the endpoints work with.
#[derive(Clone)]
pub struct Api(Arc<Parts>);

/// The parts of an [`Api`].
pub struct Parts {
    /// Where orders are handed in.
    pub order_queue: OrderQueue,
    /// The orders, to be read.
    pub orders: MongoOrders,
    /// Who is told of changes.
    pub hub: Hub,
    /// Whose tokens are believed.
    pub verifier: Verifier,
    /// Counts what is cancelled.
    pub cancellations: CancellationMetrics,
    /// Where ids and times come from.
    pub clock: Arc<dyn Clock>,
}

impl Api {
    /// What the endpoints share.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// What a query gives, or a problem, within [`PATIENCE`].
    pub(super) async fn read<T>(
        &self,
        query: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Problem> {
        match tokio::time::timeout(PATIENCE, query).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(fault)) => Err(problems::of_store(&fault)),
            Err(_) => Err(problems::of_store(&StoreError::transient(
                "no answer in time",
            ))),
        }
    }
}

impl std::ops::Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<Api> for Verifier {
    fn from_ref(api: &Api) -> Self {
        api.verifier.clone()
    }
}
