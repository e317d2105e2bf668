//! What all jobs at the provider do alike.

use std::convert::Infallible;
use std::sync::Arc;

use events::OrderId;
use outbox::{Clock, JobContext, JobError, OutboxStore, Rows, transact};

use crate::commands::{ChangePayment, NotChanged};
use crate::domain::{Balance, Outcome, Payment, Rules};
use crate::provider::{PaymentProvider, ProviderError};
use crate::store;

/// Does the jobs that reach the provider.
///
/// Each asks under a key of its own that never changes, so it may be done again after an unknown outcome;
/// what became of it is learnt in a transaction, and what is known already changes nothing.
pub struct AtProvider<D, P> {
    pub(super) database: D,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) provider: Arc<P>,
    pub(super) rules: Rules,
}

impl<D, P> AtProvider<D, P> {
    /// A runner on `database` that asks `provider`.
    pub fn new(database: D, clock: Arc<dyn Clock>, provider: Arc<P>, rules: Rules) -> Self {
        Self {
            database,
            clock,
            provider,
            rules,
        }
    }
}

impl<D: Rows + OutboxStore, P: PaymentProvider> AtProvider<D, P> {
    /// The payment of `order` as it is.
    pub(super) async fn payment(&self, order: OrderId) -> Result<Payment, JobError> {
        let found = store::payment(&self.database, order).await?;
        found.ok_or_else(|| JobError::GiveUp(format!("there is no payment of the order {order}")))
    }

    /// Has `act` change the payment of `order`.
    pub(super) async fn change<T: Send>(
        &self,
        order: OrderId,
        context: &JobContext,
        mut act: impl FnMut(&mut Payment) -> T + Send,
    ) -> Result<T, JobError> {
        let act = |payment: &mut Payment, _: &Balance| Ok::<T, Infallible>(act(payment));
        let context = context.consequence();
        let mut work = ChangePayment::new(&self.database, self.clock.as_ref(), order, context, act);
        match transact(&self.database, &mut work).await? {
            Ok((done, _)) => Ok(done),
            Err(NotChanged::Refused(never)) => match never {},
            Err(NotChanged::Unknown) => Err(JobError::GiveUp(format!(
                "there is no payment of the order {order}"
            ))),
        }
    }

    /// Learns what became of a try.
    pub(super) async fn learn(
        &self,
        order: OrderId,
        attempt: u32,
        outcome: &Outcome,
        context: &JobContext,
    ) -> Result<(), JobError> {
        let rules = self.rules;
        let learn = |payment: &mut Payment| payment.learn(attempt, outcome.clone(), rules);
        self.change(order, context, learn).await
    }
}

impl From<ProviderError> for JobError {
    fn from(fault: ProviderError) -> Self {
        match fault {
            ProviderError::Unknown(text) => Self::Retry(text),
            ProviderError::Refused(text) => Self::GiveUp(text),
        }
    }
}
