//! What a payment wants to have done outside.

use events::{AttemptStatus, PaymentMethod};
use uuid::Uuid;

use super::payment::Payment;

/// Something that a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// Charge the card of a try, or find out what became of that.
    Charge(u32),
    /// Take what a try was promised.
    Capture(u32),
    /// Give back what a try was promised.
    Void(u32),
    /// Give captured money back.
    Refund(Uuid),
    /// Wait for the end of the window.
    Window,
}

impl Payment {
    /// What is to be done about it as it is.
    pub fn wanted(&self) -> Vec<Wanted> {
        let by_card = |method| method == PaymentMethod::Card;
        let attempts = self.attempts.iter().filter(|it| by_card(it.method));
        let mut wanted: Vec<_> = attempts
            .filter_map(|attempt| match attempt.status {
                AttemptStatus::Pending => Some(Wanted::Charge(attempt.number)),
                AttemptStatus::Authorized if self.takes(attempt.number) => {
                    Some(Wanted::Capture(attempt.number))
                }
                AttemptStatus::Authorized => Some(Wanted::Void(attempt.number)),
                AttemptStatus::Declined
                | AttemptStatus::Captured
                | AttemptStatus::Voided
                | AttemptStatus::Absent => None,
            })
            .collect();
        let refunds = self.refunds.iter().filter(|refund| !refund.done);
        wanted.extend(refunds.map(|refund| Wanted::Refund(refund.id)));
        if self.is_awaited() && !self.window_over {
            wanted.push(Wanted::Window);
        }
        wanted
    }
}
