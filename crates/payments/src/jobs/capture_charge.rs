//! Takes what a try was promised.

use events::AttemptStatus;
use outbox::{JobContext, JobError, OutboxStore, Rows, RunJob};

use super::at_provider::AtProvider;
use crate::domain::Wanted;
use crate::provider::PaymentProvider;
use crate::schedule::CaptureCharge;

/// - **Effect:** the money of the try is there, if it is still waited for.
/// - **At least once:** what is captured stays so. Where a void comes before it, the provider says so, and
///   that is what is learnt.
impl<D: Rows + OutboxStore, P: PaymentProvider> RunJob<CaptureCharge> for AtProvider<D, P> {
    async fn run(&self, job: &CaptureCharge, context: &JobContext) -> Result<(), JobError> {
        let payment = self.payment(job.order).await?;
        if !payment.wanted().contains(&Wanted::Capture(job.attempt)) {
            return Ok(());
        }
        let attempt = payment.attempts.iter().find(|it| it.number == job.attempt);
        let promised = attempt.filter(|it| it.status == AttemptStatus::Authorized);
        let Some(provider_id) = promised.and_then(|it| it.provider_id.as_deref()) else {
            return Ok(());
        };
        let outcome = self.provider.capture(provider_id).await?;
        self.learn(job.order, job.attempt, &outcome, context).await
    }
}
