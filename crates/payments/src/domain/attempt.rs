//! A try to pay, and what is known of it.

use events::{AttemptStatus, PaymentAttempt, PaymentMethod};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A try to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts the tries of a payment, from 1.
    pub number: u32,
    /// How it pays.
    pub method: PaymentMethod,
    /// How far it has come.
    pub status: AttemptStatus,
    /// The card, until the outcome is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When the provider was asked last; absent while it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// What the provider calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Why it did not pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is known of a try by now, from the provider's answer or from a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did not pay.
    Declined {
        /// Why.
        reason: String,
    },
    /// The money is promised.
    Authorized {
        /// What the provider calls it.
        provider_id: String,
    },
    /// The money is there.
    Captured {
        /// What the provider calls it.
        provider_id: String,
    },
    /// The promise was given back.
    Voided {
        /// What the provider calls it.
        provider_id: String,
    },
    /// The provider knows nothing of it.
    Absent,
}

impl Attempt {
    /// A new one, by a card if `token` is given.
    pub(super) fn new(number: u32, method: PaymentMethod, token: Option<String>) -> Self {
        Self {
            number,
            method,
            status: AttemptStatus::Pending,
            token,
            asked_at: None,
            provider_id: None,
            reason: None,
        }
    }

    /// Takes an outcome over if it is news: what comes again or late changes nothing.
    pub(super) fn learn(&mut self, outcome: Outcome) -> bool {
        let (status, provider_id, reason) = match outcome {
            Outcome::Declined { reason } => (AttemptStatus::Declined, None, Some(reason)),
            Outcome::Authorized { provider_id } => {
                (AttemptStatus::Authorized, Some(provider_id), None)
            }
            Outcome::Captured { provider_id } => (AttemptStatus::Captured, Some(provider_id), None),
            Outcome::Voided { provider_id } => (AttemptStatus::Voided, Some(provider_id), None),
            Outcome::Absent => (AttemptStatus::Absent, None, None),
        };
        let is_news = may_become(self.status, status);
        if is_news {
            self.status = status;
            self.provider_id = provider_id.or(self.provider_id.take());
            self.reason = reason;
            self.token = None;
        }
        is_news
    }

    /// Whether its outcome may still be a charge.
    pub fn is_open(&self) -> bool {
        matches!(
            self.status,
            AttemptStatus::Pending | AttemptStatus::Authorized
        )
    }

    /// Whether it counts against the tries that a customer has.
    pub fn counts(&self) -> bool {
        self.status != AttemptStatus::Absent
    }

    /// As others see it.
    pub fn public(&self) -> PaymentAttempt {
        PaymentAttempt {
            number: self.number,
            method: self.method,
            status: self.status,
            provider_id: self.provider_id.clone(),
            reason: self.reason.clone(),
        }
    }
}

impl From<PaymentAttempt> for Attempt {
    /// One as it was published: without its card.
    fn from(public: PaymentAttempt) -> Self {
        Self {
            number: public.number,
            method: public.method,
            status: public.status,
            token: None,
            asked_at: None,
            provider_id: public.provider_id,
            reason: public.reason,
        }
    }
}

/// What is known of a try only grows. A charge that was held to be absent may turn up.
fn may_become(now: AttemptStatus, next: AttemptStatus) -> bool {
    use AttemptStatus::{Absent, Authorized, Captured, Declined, Pending, Voided};
    match now {
        Pending => next != Pending,
        Absent => !matches!(next, Pending | Absent),
        Authorized => matches!(next, Captured | Voided | Declined),
        Declined | Captured | Voided => false,
    }
}
