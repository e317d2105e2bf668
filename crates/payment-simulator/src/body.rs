//! A payment intent as others see it: in answers and in webhooks.

use events::money::Currency;
use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{Intent, IntentStatus, Refund};

/// A payment intent. Amounts are in minor units of its currency.
#[derive(Debug, Serialize)]
pub(crate) struct IntentBody<'a> {
    id: &'a str,
    reference: &'a str,
    amount: i64,
    currency: Currency,
    status: IntentStatus,
    decline_reason: Option<&'a str>,
    captured: i64,
    refunded: i64,
    refunds: &'a [Refund],
    created_at: Timestamp,
    version: u64,
}

impl<'a> From<&'a Intent> for IntentBody<'a> {
    fn from(intent: &'a Intent) -> Self {
        Self {
            id: &intent.id,
            reference: &intent.reference,
            amount: intent.amount.minor,
            currency: intent.amount.currency,
            status: intent.status,
            decline_reason: intent.decline_reason.as_deref(),
            captured: intent.captured(),
            refunded: intent.refunded(),
            refunds: &intent.refunds,
            created_at: intent.created_at,
            version: intent.version,
        }
    }
}

/// What a webhook says: an intent changed, and how it is since then.
#[derive(Debug, Serialize)]
pub(crate) struct WebhookBody<'a> {
    /// `intent.` and the status.
    pub(crate) r#type: String,
    pub(crate) timestamp: Timestamp,
    pub(crate) data: IntentBody<'a>,
}

impl<'a> WebhookBody<'a> {
    /// Of a change that brought `intent` to where it is.
    pub(crate) fn of(intent: &'a Intent, timestamp: Timestamp) -> Self {
        let what = match intent.status {
            IntentStatus::RequiresCapture => "authorized",
            // Refunded in part, it is captured still.
            IntentStatus::Captured if intent.refunds.is_empty() => "captured",
            IntentStatus::Captured | IntentStatus::Refunded => "refunded",
            IntentStatus::Voided => "voided",
            IntentStatus::Declined => "declined",
        };
        Self {
            r#type: format!("intent.{what}"),
            timestamp,
            data: IntentBody::from(intent),
        }
    }
}
