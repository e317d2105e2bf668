//! What requests and answers look like.

use events::money::DecimalNumber;
use events::{Money, PaymentMethod, PaymentStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{Balance, Payment, Try};

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(super) struct PaymentBody {
    /// The order that is paid for.
    order_id: Uuid,
    /// `AWAITING`, `AUTHORIZED`, `CAPTURED`, `REFUNDED`, `VOIDED`, `FAILED` or `EXPIRED`.
    #[schema(value_type = String, example = "CAPTURED")]
    status: PaymentStatus,
    /// What is to be paid.
    #[schema(value_type = f64, example = 17.97)]
    amount: DecimalNumber,
    /// The currency of all amounts, ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
    /// What of it the customer has got back.
    #[schema(value_type = f64, example = 0.0)]
    refunded: DecimalNumber,
    /// Until when it can be paid.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// How often it was tried.
    attempts: usize,
    /// How the latest try pays: `card` or `balance`.
    #[schema(value_type = Option<String>, example = "card")]
    method: Option<PaymentMethod>,
    /// Why the latest try did not pay.
    #[schema(example = "card-declined")]
    reason: Option<String>,
}

impl From<&Payment> for PaymentBody {
    fn from(payment: &Payment) -> Self {
        let amount = payment.amount;
        let refunded = Money::new(payment.refunded(), amount.currency);
        let last = payment.attempts.last();
        Self {
            order_id: Uuid::from_u128(payment.order_id.as_u128()),
            status: payment.status(),
            amount: amount.into(),
            currency: amount.currency.code(),
            refunded: refunded.into(),
            due_at: payment.due_at,
            attempts: payment.attempts.iter().filter(|it| it.counts()).count(),
            method: last.map(|it| it.method),
            reason: last.and_then(|it| it.reason.clone()),
        }
    }
}

/// How to pay.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "method", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum HowToPay {
    /// By a card.
    Card {
        /// The provider's name for the card, 1 to 200 visible ASCII characters.
        #[schema(example = "tok_ok", min_length = 1, max_length = 200)]
        token: String,
    },
    /// From the balance.
    Balance {},
}

impl From<HowToPay> for Try {
    fn from(how: HowToPay) -> Self {
        match how {
            HowToPay::Card { token } => Self::Card(token),
            HowToPay::Balance {} => Self::Balance,
        }
    }
}

/// What is to be given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRefund {
    /// How much, at most what is left; all of that if it is not said.
    #[schema(value_type = Option<f64>, example = 5.99)]
    pub(super) amount: Option<DecimalNumber>,
    /// Why.
    #[schema(example = "broken", min_length = 1, max_length = 500)]
    pub(super) reason: String,
}

/// What is given back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub(super) struct RefundBody {
    /// Its identity.
    pub(super) id: Uuid,
    /// How much.
    #[schema(value_type = f64, example = 5.99)]
    pub(super) amount: DecimalNumber,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub(super) currency: &'static str,
    /// Why.
    pub(super) reason: String,
    /// `PENDING` until the customer has it, then `DONE`.
    #[schema(example = "PENDING")]
    pub(super) status: &'static str,
}

/// What a customer has to pay with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Balance)]
pub(super) struct BalanceBody {
    #[schema(value_type = f64, example = 2000.0)]
    balance: DecimalNumber,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: &'static str,
}

impl From<&Balance> for BalanceBody {
    fn from(balance: &Balance) -> Self {
        Self {
            balance: balance.amount.into(),
            currency: balance.amount.currency.code(),
        }
    }
}

/// What is to be put into a balance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGrant {
    /// How much; below zero it is taken out.
    #[schema(value_type = f64, example = 20.0)]
    pub(super) amount: DecimalNumber,
    /// Why.
    #[schema(example = "a voucher", min_length = 1, max_length = 500)]
    pub(super) reason: String,
}
