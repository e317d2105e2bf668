//! `PaymentUpdate`: how far an order's payment is.

use events::{Cancellation, OrderStatus, PaymentStatus, PaymentUpdate, Reason};
use outbox::{Envelope, EventCollector, Handle, HandleError};

use super::take_facts::{Fact, take_facts};
use crate::domain::Author;
use crate::store::OrdersStore;

/// Handles `PaymentUpdate`.
///
/// - **Trigger:** an order is paid for, declined for good, or its payment window is over.
/// - **Effect:** the order is PAID, or CANCELLED with the reason. Other updates are passed over: what is
///   given back follows from a cancellation and is no step of the order.
/// - **Emits:** `OrderUpdate` for each order that took a step.
/// - **Idempotent,** because an order's progress is compared with the fact, as with a decision about stock.
///   A payment that ends after its order was cancelled lies behind that.
pub struct OnPaymentUpdate<D> {
    database: D,
}

impl<D: OrdersStore> OnPaymentUpdate<D> {
    /// A handler that keeps the orders in `database`.
    pub fn new(database: D) -> Self {
        Self { database }
    }
}

/// What a payment says of its order, if anything.
fn step(status: PaymentStatus) -> Option<(OrderStatus, Option<Cancellation>)> {
    match status {
        PaymentStatus::Captured => Some((OrderStatus::Paid, None)),
        PaymentStatus::Failed => {
            Some((OrderStatus::Cancelled, Some(Cancellation::PaymentDeclined)))
        }
        PaymentStatus::Expired => {
            Some((OrderStatus::Cancelled, Some(Cancellation::PaymentExpired)))
        }
        PaymentStatus::Awaiting
        | PaymentStatus::Authorized
        | PaymentStatus::Refunded
        | PaymentStatus::Voided => None,
    }
}

impl<D: OrdersStore> Handle<PaymentUpdate, D> for OnPaymentUpdate<D> {
    fn wants(&self, event: &PaymentUpdate) -> bool {
        step(event.status).is_some()
    }

    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<PaymentUpdate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let facts: Vec<_> = events
            .iter()
            .filter_map(|published| {
                let (status, cancellation) = step(published.event.status)?;
                Some(Fact {
                    order: published.event.order_id,
                    status,
                    reason: cancellation.map(Reason::Cancellation),
                    by: Author::Payments,
                    published,
                })
            })
            .collect();
        take_facts(&self.database, tx, &facts, out).await.map(drop)
    }
}
