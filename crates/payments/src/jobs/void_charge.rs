//! Gives back what a try was promised.

use events::AttemptStatus;
use outbox::{JobContext, JobError, OutboxStore, Rows, RunJob};

use super::at_provider::AtProvider;
use crate::provider::PaymentProvider;
use crate::schedule::VoidCharge;

/// - **Effect:** the promise is given back.
/// - **At least once:** what is voided stays so. Where a capture came before it, the provider says so; the
///   money is refunded then.
impl<D: Rows + OutboxStore, P: PaymentProvider> RunJob<VoidCharge> for AtProvider<D, P> {
    async fn run(&self, job: &VoidCharge, context: &JobContext) -> Result<(), JobError> {
        let payment = self.payment(job.order).await?;
        let attempt = payment.attempts.iter().find(|it| it.number == job.attempt);
        let promised = attempt.filter(|it| it.status == AttemptStatus::Authorized);
        let Some(provider_id) = promised.and_then(|it| it.provider_id.as_deref()) else {
            return Ok(());
        };
        let outcome = self.provider.void(provider_id).await?;
        self.learn(job.order, job.attempt, &outcome, context).await
    }
}
