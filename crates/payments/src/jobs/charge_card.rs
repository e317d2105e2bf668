//! Charges the card of a try.

use std::time::Duration;

use events::AttemptStatus;
use jiff::SignedDuration;
use outbox::{JobContext, JobError, OutboxStore, Rows, RunJob};

use super::at_provider::AtProvider;
use crate::domain::{Attempt, Outcome, Payment};
use crate::provider::PaymentProvider;
use crate::schedule::{ChargeCard, charge_key};

/// How long after it was asked the provider may still make a charge that it does not know yet.
const UNDER_WAY: SignedDuration = SignedDuration::from_hours(1);
/// How often it is asked for it meanwhile.
const ASK_AGAIN: Duration = Duration::from_secs(20);

/// - **Effect:** the outcome of the try is known, and with it what is to be done.
/// - **At least once:** the provider knows the try by its key and charges it once. Once nobody waits for the
///   money any more it is not told to charge but only asked whether it has.
impl<D: Rows + OutboxStore, P: PaymentProvider> RunJob<ChargeCard> for AtProvider<D, P> {
    async fn run(&self, job: &ChargeCard, context: &JobContext) -> Result<(), JobError> {
        let (order, number) = (job.order, job.attempt);
        let now = self.clock.now();
        let begin = |payment: &mut Payment| {
            let charge = payment.begin_charge(number, now);
            let attempt = payment.attempts.iter().find(|it| it.number == number);
            (charge, payment.amount, attempt.cloned())
        };
        let (charge, amount, attempt) = self.change(order, context, begin).await?;
        let pending = |it: &Attempt| it.status == AttemptStatus::Pending;
        let Some(attempt) = attempt.filter(pending) else {
            return Ok(());
        };
        let key = charge_key(order, number);
        let outcome = match attempt.token.filter(|_| charge) {
            Some(token) => self.provider.charge(&key, amount, &token).await?,
            None => match self.provider.find(&key).await? {
                Some(outcome) => outcome,
                None if is_under_way(attempt.asked_at, now) => {
                    let reason = "the provider does not know the charge yet".to_owned();
                    return Err(JobError::RetryAfter(ASK_AGAIN, reason));
                }
                None => Outcome::Absent,
            },
        };
        self.learn(order, number, &outcome, context).await
    }
}

fn is_under_way(asked_at: Option<jiff::Timestamp>, now: jiff::Timestamp) -> bool {
    asked_at.is_some_and(|asked_at| now.duration_since(asked_at) < UNDER_WAY)
}
