//! The jobs that payments ask for, by what they are about: their runners are in `jobs`.

use events::OrderId;
use outbox::jobs::InvalidJob;
use outbox::{EventCollector, Job, JobId, MessageContext};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Payment, Wanted};

/// Charges the card of a try, or finds out what became of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeCard {
    pub(crate) order: OrderId,
    pub(crate) attempt: u32,
}

impl Job for ChargeCard {
    const NAME: &'static str = "charge-card";
}

/// Takes what a try was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureCharge {
    pub(crate) order: OrderId,
    pub(crate) attempt: u32,
}

impl Job for CaptureCharge {
    const NAME: &'static str = "capture-charge";
}

/// Gives back what a try was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoidCharge {
    pub(crate) order: OrderId,
    pub(crate) attempt: u32,
}

impl Job for VoidCharge {
    const NAME: &'static str = "void-charge";
}

/// Gives captured money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundCharge {
    pub(crate) order: OrderId,
    pub(crate) refund: Uuid,
}

impl Job for RefundCharge {
    const NAME: &'static str = "refund-charge";
}

/// Ends the window of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndWindow {
    pub(crate) order: OrderId,
}

impl Job for EndWindow {
    const NAME: &'static str = "end-window";
}

/// The id of the timer of `order`.
pub fn window_id(order: OrderId) -> JobId {
    JobId::of(EndWindow::NAME, &[&order])
}

/// Schedules what is `wanted` about `payment`, under an id of just that.
pub(crate) fn schedule(
    payment: &Payment,
    wanted: Wanted,
    context: &MessageContext,
    out: &mut EventCollector<'_>,
) -> Result<(), InvalidJob> {
    let (order, now, context) = (payment.order_id, out.now(), context.clone());
    let of_attempt = |name, attempt: u32| JobId::of(name, &[&order, &attempt]);
    match wanted {
        Wanted::Charge(attempt) => {
            let id = of_attempt(ChargeCard::NAME, attempt);
            out.schedule(id, &ChargeCard { order, attempt }, now, context)
        }
        Wanted::Capture(attempt) => {
            let id = of_attempt(CaptureCharge::NAME, attempt);
            out.schedule(id, &CaptureCharge { order, attempt }, now, context)
        }
        Wanted::Void(attempt) => {
            let id = of_attempt(VoidCharge::NAME, attempt);
            out.schedule(id, &VoidCharge { order, attempt }, now, context)
        }
        Wanted::Refund(refund) => {
            let id = JobId::of(RefundCharge::NAME, &[&order, &refund]);
            out.schedule(id, &RefundCharge { order, refund }, now, context)
        }
        Wanted::Window => {
            let id = window_id(order);
            out.schedule(id, &EndWindow { order }, payment.due_at, context)
        }
    }
}

/// What the provider knows a try by: the idempotency key of its charge, and the reference at the provider.
pub(crate) fn charge_key(order: OrderId, attempt: u32) -> String {
    format!("{order}/{attempt}")
}

/// The order and the try of a reference.
pub(crate) fn of_charge_key(key: &str) -> Option<(OrderId, u32)> {
    let (order, attempt) = key.split_once('/')?;
    Some((order.parse().ok()?, attempt.parse().ok()?))
}
