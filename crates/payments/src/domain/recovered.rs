//! A payment as its topic has it.

use events::{AttemptStatus, PaymentStatus, PaymentUpdate};
use jiff::Timestamp;

use super::attempt::Attempt;
use super::payment::{Closed, Payment};

impl Payment {
    /// What was published of it at `told_at`. A card is in no event, so a try that has no outcome yet is only
    /// asked after.
    pub fn recovered(update: &PaymentUpdate, told_at: Timestamp) -> Self {
        let attempts = update.attempts.iter().cloned().map(|public| {
            let mut attempt = Attempt::from(public);
            if attempt.status == AttemptStatus::Pending {
                attempt.asked_at = Some(told_at);
            }
            attempt
        });
        let closed = match update.status {
            PaymentStatus::Voided => Some(Closed::Voided),
            PaymentStatus::Failed => Some(Closed::Failed),
            PaymentStatus::Expired => Some(Closed::Expired),
            PaymentStatus::Awaiting
            | PaymentStatus::Authorized
            | PaymentStatus::Captured
            | PaymentStatus::Refunded => None,
        };
        Self {
            order_id: update.order_id,
            customer_id: update.customer_id,
            sellers: update.sellers.clone(),
            amount: update.amount,
            due_at: update.due_at,
            window_over: closed == Some(Closed::Expired),
            cancelled: update.cancelled,
            closed,
            attempts: attempts.collect(),
            refunds: update.refunds.clone(),
            version: update.version,
        }
    }
}
