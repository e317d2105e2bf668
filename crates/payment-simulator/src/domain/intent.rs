//! A payment intent: one charge of a card, from its authorisation to its last refund.

use events::Money;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    /// The money is promised and waits to be captured.
    RequiresCapture,
    /// The money is there, less what was refunded.
    Captured,
    /// All that was captured was given back.
    Refunded,
    /// Given up before it was captured.
    Voided,
    /// The card did not pay.
    Declined,
}

impl IntentStatus {
    /// Its name, as it is in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequiresCapture => "requires_capture",
            Self::Captured => "captured",
            Self::Refunded => "refunded",
            Self::Voided => "voided",
            Self::Declined => "declined",
        }
    }
}

/// Money that was given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its identity.
    pub id: String,
    /// In minor units of the intent's currency, above zero.
    pub amount: i64,
    /// When.
    pub at: Timestamp,
}

/// A payment intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its identity.
    pub id: String,
    /// What the merchant calls it.
    pub reference: String,
    /// What is charged, above zero.
    pub amount: Money,
    /// Where it stands.
    pub status: IntentStatus,
    /// Why the card did not pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_reason: Option<String>,
    /// What was given back of it, oldest first.
    #[serde(default)]
    pub refunds: Vec<Refund>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Rises by one with each change, from 1.
    pub version: u64,
}

/// A change that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no such intent.
    #[error("there is no payment intent with this id")]
    Unknown,
    /// It stands where this can't be done.
    #[error("the payment intent is {}; that can't be {wanted} any more", status.name())]
    State {
        /// Where it stands.
        status: IntentStatus,
        /// What was wanted.
        wanted: &'static str,
    },
    /// More was to be refunded than is left.
    #[error("only {left} minor units are left to refund")]
    TooLarge {
        /// What is left, in minor units.
        left: i64,
    },
    /// A refund that is granted when it is tried again.
    #[error("the refund is refused for now; repeat it in a moment")]
    NotNow,
}

/// Whether a change was made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was.
    Made,
    /// It stands already where it was to be brought.
    None,
}

impl Intent {
    /// A new one: authorised, or declined for a reason.
    pub fn new(
        id: String,
        reference: String,
        amount: Money,
        declined: Option<String>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            reference,
            amount,
            status: match declined {
                None => IntentStatus::RequiresCapture,
                Some(_) => IntentStatus::Declined,
            },
            decline_reason: declined,
            refunds: Vec::new(),
            created_at,
            version: 1,
        }
    }

    /// What was captured, in minor units.
    pub fn captured(&self) -> i64 {
        match self.status {
            IntentStatus::Captured | IntentStatus::Refunded => self.amount.minor,
            IntentStatus::RequiresCapture | IntentStatus::Voided | IntentStatus::Declined => 0,
        }
    }

    /// What was given back, in minor units.
    pub fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// Takes the money that was promised.
    ///
    /// # Errors
    /// When it is given up or was never promised.
    pub fn capture(&mut self) -> Result<Change, Refusal> {
        match self.status {
            IntentStatus::RequiresCapture => Ok(self.come_to(IntentStatus::Captured)),
            IntentStatus::Captured | IntentStatus::Refunded => Ok(Change::None),
            IntentStatus::Voided | IntentStatus::Declined => Err(self.not("captured")),
        }
    }

    /// Gives the promise back.
    ///
    /// # Errors
    /// When it is captured or was never promised.
    pub fn void(&mut self) -> Result<Change, Refusal> {
        match self.status {
            IntentStatus::RequiresCapture => Ok(self.come_to(IntentStatus::Voided)),
            IntentStatus::Voided => Ok(Change::None),
            IntentStatus::Captured | IntentStatus::Refunded | IntentStatus::Declined => {
                Err(self.not("voided"))
            }
        }
    }

    /// Gives money back, by a refund that was not made before.
    ///
    /// # Errors
    /// When nothing was captured, or less is left.
    pub fn refund(&mut self, refund: Refund) -> Result<(), Refusal> {
        if self.captured() == 0 {
            return Err(self.not("refunded"));
        }
        let left = self.captured() - self.refunded();
        if refund.amount > left {
            return Err(Refusal::TooLarge { left });
        }
        let whole = refund.amount == left;
        self.refunds.push(refund);
        self.come_to(if whole {
            IntentStatus::Refunded
        } else {
            IntentStatus::Captured
        });
        Ok(())
    }

    fn come_to(&mut self, status: IntentStatus) -> Change {
        self.status = status;
        self.version += 1;
        Change::Made
    }

    fn not(&self, wanted: &'static str) -> Refusal {
        Refusal::State {
            status: self.status,
            wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use events::money::DEFAULT_CURRENCY;

    use super::*;

    fn intent(declined: Option<&str>) -> Intent {
        let amount = Money::new(1_000, DEFAULT_CURRENCY);
        let declined = declined.map(str::to_owned);
        let (id, reference) = ("pi_1".to_owned(), "order 1".to_owned());
        Intent::new(id, reference, amount, declined, Timestamp::UNIX_EPOCH)
    }

    fn refund(amount: i64) -> Refund {
        let id = format!("re_{amount}");
        Refund {
            id,
            amount,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_is_promised_is_captured_once_and_given_back_in_parts() {
        let mut intent = intent(None);
        assert_eq!(intent.status, IntentStatus::RequiresCapture);
        assert_eq!(intent.capture(), Ok(Change::Made));
        assert_eq!(intent.capture(), Ok(Change::None));
        assert_eq!(intent.refund(refund(300)), Ok(()));
        assert_eq!((intent.captured(), intent.refunded()), (1_000, 300));
        let left = Refusal::TooLarge { left: 700 };
        assert_eq!(intent.refund(refund(701)), Err(left));
        assert_eq!(intent.refund(refund(700)), Ok(()));
        assert_eq!(intent.status, IntentStatus::Refunded);
        let left = Refusal::TooLarge { left: 0 };
        assert_eq!(intent.refund(refund(1)), Err(left));
        assert_eq!(intent.version, 4);
    }

    #[test]
    fn what_is_voided_or_declined_moves_no_money() {
        let mut voided = intent(None);
        assert_eq!(voided.void(), Ok(Change::Made));
        assert_eq!(voided.void(), Ok(Change::None));
        let mut declined = intent(Some("card-declined"));
        assert!(declined.void().is_err());
        for mut intent in [voided, declined] {
            assert!(intent.capture().is_err() && intent.refund(refund(1)).is_err());
            assert_eq!(intent.captured(), 0);
        }
    }

    #[test]
    fn what_is_captured_is_not_voided() {
        let mut intent = intent(None);
        intent.capture().unwrap();
        let status = IntentStatus::Captured;
        let wanted = "voided";
        assert_eq!(intent.void(), Err(Refusal::State { status, wanted }));
    }
}
