//! A payment: one order's, from its acceptance to its last refund.

use events::{
    AccountId, AttemptStatus, Money, OrderId, PaymentChoice, PaymentMethod, PaymentRefund,
    PaymentStatus, SellerId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::attempt::{Attempt, Outcome};
use super::balance::Balance;

/// Why a try with the balance did not pay.
const INSUFFICIENT: &str = "insufficient-balance";
/// Why what a cancelled or expired order has paid is given back.
const GIVEN_UP: &str = "the order was given up";

/// What the shop grants its customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How often a payment may be declined.
    pub max_declines: u32,
}

/// Why a payment is closed without money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Closed {
    /// The order was cancelled.
    Voided,
    /// It was declined as often as may be.
    Failed,
    /// The window is over.
    Expired,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The order that is paid for.
    pub order_id: OrderId,
    /// Whose order it is.
    pub customer_id: AccountId,
    /// Sorted; without the shop itself.
    pub sellers: Vec<SellerId>,
    /// What is to be paid.
    pub amount: Money,
    /// When its window ends.
    pub due_at: Timestamp,
    /// Whether it has ended.
    pub window_over: bool,
    /// Whether the order was cancelled.
    pub cancelled: bool,
    /// Why it is closed without money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// The tries, in their order.
    pub attempts: Vec<Attempt>,
    /// What was granted to be given back.
    pub refunds: Vec<PaymentRefund>,
    /// Rises by one with each change, from 1.
    pub version: u64,
}

/// How a customer tries to pay.
#[derive(Clone, PartialEq, Eq)]
pub enum Try {
    /// By the card of this token.
    Card(String),
    /// From the balance.
    Balance,
}

impl Try {
    /// What a checkout said, unless it is to be said later.
    pub fn of(choice: &PaymentChoice) -> Option<Self> {
        match choice {
            PaymentChoice::Card { token } => Some(Self::Card(token.clone())),
            PaymentChoice::Balance => Some(Self::Balance),
            PaymentChoice::Later => None,
        }
    }
}

/// Why a customer can't pay now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotPaid {
    /// It is paid.
    #[error("the order is paid")]
    Paid,
    /// Nothing is to be paid any more.
    #[error("nothing is to be paid any more: the payment is {0:?}")]
    Closed(Closed),
    /// Another try has no outcome yet.
    #[error("a payment of this order is under way; look again in a moment")]
    UnderWay,
}

/// Why a refund is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RefundRefused {
    /// Less is left of what was captured.
    #[error("only {0} of what was paid is left to refund")]
    TooLarge(Money),
    /// Nothing was asked for.
    #[error("a refund is above zero")]
    Nothing,
}

impl Payment {
    /// One that waits.
    pub fn new(
        order_id: OrderId,
        customer_id: AccountId,
        mut sellers: Vec<SellerId>,
        amount: Money,
        due_at: Timestamp,
    ) -> Self {
        sellers.sort_unstable();
        sellers.dedup();
        Self {
            order_id,
            customer_id,
            sellers,
            amount,
            due_at,
            window_over: false,
            cancelled: false,
            closed: None,
            attempts: Vec::new(),
            refunds: Vec::new(),
            version: 0,
        }
    }

    /// Where it stands.
    pub fn status(&self) -> PaymentStatus {
        match self.closed {
            Some(Closed::Voided) => PaymentStatus::Voided,
            Some(Closed::Failed) => PaymentStatus::Failed,
            Some(Closed::Expired) => PaymentStatus::Expired,
            None if self.captured() > 0 && self.captured() == self.refunded() => {
                PaymentStatus::Refunded
            }
            None if self.is_paid() => PaymentStatus::Captured,
            None if self.with(AttemptStatus::Authorized).is_some() => PaymentStatus::Authorized,
            None => PaymentStatus::Awaiting,
        }
    }

    /// What was captured, in minor units.
    pub fn captured(&self) -> i64 {
        let captured = self.with(AttemptStatus::Captured);
        captured.map_or(0, |_| self.amount.minor)
    }

    /// How it was.
    pub fn captured_by(&self) -> Option<PaymentMethod> {
        self.with(AttemptStatus::Captured).map(|it| it.method)
    }

    /// What the customer has got back, in minor units.
    pub fn refunded(&self) -> i64 {
        let done = self.refunds.iter().filter(|refund| refund.done);
        done.map(|refund| refund.minor).sum()
    }

    /// What of the captured money nobody was promised to get back, in minor units.
    pub fn left(&self) -> i64 {
        let granted: i64 = self.refunds.iter().map(|refund| refund.minor).sum();
        self.captured() - granted
    }

    /// The try that was captured.
    pub fn captured_attempt(&self) -> Option<&Attempt> {
        self.with(AttemptStatus::Captured)
    }

    /// The customer tries to pay; with what is in `balance`, if that is the way.
    ///
    /// # Errors
    /// When nothing is to be paid now.
    pub fn pay(&mut self, how: Try, balance: &Balance, rules: Rules) -> Result<(), NotPaid> {
        if let Some(closed) = self.closed {
            return Err(NotPaid::Closed(closed));
        }
        if self.is_paid() {
            return Err(NotPaid::Paid);
        }
        if self.attempts.iter().any(Attempt::is_open) {
            return Err(NotPaid::UnderWay);
        }
        let number = self.attempts.last().map_or(0, |last| last.number) + 1;
        let attempt = match how {
            Try::Card(token) => Attempt::new(number, PaymentMethod::Card, Some(token)),
            Try::Balance => {
                let mut attempt = Attempt::new(number, PaymentMethod::Balance, None);
                if balance.pays(self.amount) {
                    attempt.status = AttemptStatus::Captured;
                } else {
                    attempt.status = AttemptStatus::Declined;
                    attempt.reason = Some(INSUFFICIENT.to_owned());
                }
                attempt
            }
        };
        self.attempts.push(attempt);
        self.settle(rules);
        Ok(())
    }

    /// Whether the provider may be asked to charge the try now; notes that it is, at `now`. Of a payment
    /// that nobody waits for any more, nothing new is charged.
    pub fn begin_charge(&mut self, number: u32, now: Timestamp) -> bool {
        let awaited = self.is_awaited();
        let attempt = self.attempts.iter_mut().find(|it| it.number == number);
        let Some(attempt) = attempt.filter(|it| it.status == AttemptStatus::Pending) else {
            return false;
        };
        // One that was recovered has no card.
        let wanted = awaited && attempt.token.is_some();
        if wanted {
            attempt.asked_at = Some(now);
        }
        wanted
    }

    /// Learns what became of a try.
    pub fn learn(&mut self, number: u32, outcome: Outcome, rules: Rules) {
        let captured = self.captured() > 0;
        let Some(attempt) = self.attempts.iter_mut().find(|it| it.number == number) else {
            return;
        };
        // The provider captures what it is told to, and it is told so of one try.
        if captured && matches!(outcome, Outcome::Captured { .. }) {
            return;
        }
        if attempt.learn(outcome) {
            self.settle(rules);
        }
    }

    /// The window is over.
    pub fn end_window(&mut self, rules: Rules) {
        if self.is_awaited() {
            self.window_over = true;
            self.settle(rules);
        }
    }

    /// The order is cancelled.
    pub fn cancel(&mut self, rules: Rules) {
        self.cancelled = true;
        self.settle(rules);
    }

    /// Grants that `minor` of what was captured is given back; all that is left, if it is not said.
    ///
    /// # Errors
    /// When that is more than is left.
    pub fn grant_refund(
        &mut self,
        id: Uuid,
        minor: Option<i64>,
        reason: String,
        rules: Rules,
    ) -> Result<(), RefundRefused> {
        let left = self.left();
        let minor = minor.unwrap_or(left);
        if minor > left || left == 0 {
            let left = Money::new(left, self.amount.currency);
            return Err(RefundRefused::TooLarge(left));
        }
        if minor < 1 {
            return Err(RefundRefused::Nothing);
        }
        self.give_back(id, minor, reason);
        self.settle(rules);
        Ok(())
    }

    /// The customer has got a refund.
    pub fn refund_done(&mut self, id: Uuid) {
        let refund = self.refunds.iter_mut().find(|refund| refund.id == id);
        if let Some(refund) = refund {
            refund.done = true;
        }
    }

    /// Whether what the try is promised is taken.
    pub(super) fn takes(&self, number: u32) -> bool {
        let first = self.with(AttemptStatus::Authorized);
        self.is_awaited() && first.is_some_and(|first| first.number == number)
    }

    /// Whether money is waited for.
    pub(super) fn is_awaited(&self) -> bool {
        self.closed.is_none() && !self.cancelled && !self.is_paid()
    }

    /// Whether all of it is there; of an order that costs nothing it is from the beginning.
    fn is_paid(&self) -> bool {
        self.amount.minor == 0 || self.with(AttemptStatus::Captured).is_some()
    }

    /// The first try that has come so far.
    fn with(&self, status: AttemptStatus) -> Option<&Attempt> {
        self.attempts.iter().find(|it| it.status == status)
    }

    /// Draws the consequences of what is known.
    fn settle(&mut self, rules: Rules) {
        if self.closed.is_none() && !self.is_paid() {
            self.closed = self.closes(rules);
        }
        if !self.is_awaited() {
            // What the provider was not asked to charge, it will not be asked.
            for attempt in &mut self.attempts {
                attempt.token = None;
                if attempt.status == AttemptStatus::Pending && attempt.asked_at.is_none() {
                    attempt.learn(Outcome::Absent);
                }
            }
        }
        if (self.cancelled || self.closed.is_some()) && self.left() > 0 {
            // One id, whenever it is decided: it is given back once.
            let id = Uuid::from_u128(self.order_id.as_u128());
            self.give_back(id, self.left(), GIVEN_UP.to_owned());
        }
    }

    /// Why it closes, if it does.
    fn closes(&self, rules: Rules) -> Option<Closed> {
        if self.cancelled {
            return Some(Closed::Voided);
        }
        if self.with(AttemptStatus::Authorized).is_some() {
            return None;
        }
        let declined = self
            .attempts
            .iter()
            .filter(|it| matches!(it.status, AttemptStatus::Declined | AttemptStatus::Voided));
        if declined.count() >= rules.max_declines as usize {
            return Some(Closed::Failed);
        }
        self.window_over.then_some(Closed::Expired)
    }

    fn give_back(&mut self, id: Uuid, minor: i64, reason: String) {
        let done = self.captured_by() == Some(PaymentMethod::Balance);
        self.refunds.push(PaymentRefund {
            id,
            minor,
            reason,
            done,
        });
    }
}
