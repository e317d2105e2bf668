//! Gives captured money back.

use events::Money;
use outbox::{JobContext, JobError, OutboxStore, Rows, RunJob};

use super::at_provider::AtProvider;
use crate::domain::Payment;
use crate::provider::PaymentProvider;
use crate::schedule::RefundCharge;

/// - **Effect:** the provider has given the money back, and the ledger says so.
/// - **At least once:** the provider knows the refund by its id and makes it once.
impl<D: Rows + OutboxStore, P: PaymentProvider> RunJob<RefundCharge> for AtProvider<D, P> {
    async fn run(&self, job: &RefundCharge, context: &JobContext) -> Result<(), JobError> {
        let payment = self.payment(job.order).await?;
        let refund = payment.refunds.iter().find(|it| it.id == job.refund);
        let Some(refund) = refund.filter(|it| !it.done) else {
            return Ok(());
        };
        let captured = payment.captured_attempt();
        let Some(provider_id) = captured.and_then(|it| it.provider_id.as_deref()) else {
            return Err(JobError::GiveUp(
                "no charge is known that was captured".to_owned(),
            ));
        };
        let amount = Money::new(refund.minor, payment.amount.currency);
        let key = format!("refund/{}/{}", job.order, job.refund);
        self.provider.refund(provider_id, &key, amount).await?;
        let done = |payment: &mut Payment| payment.refund_done(job.refund);
        self.change(job.order, context, done).await
    }
}
