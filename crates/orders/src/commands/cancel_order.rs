//! Cancelling an order on its customer's or an admin's word.

use events::{AccountId, Cancellation, OrderId, OrderStatus};
use outbox::{Clock, EventCollector, MessageContext, StoreError, Work};
use thiserror::Error;

use crate::domain::{Cancelled, Order, cancel, details_id, update_id};
use crate::name::NAME;
use crate::store::{OrderState, OrderTransition, OrdersStore};

/// Who wants an order cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledBy {
    /// This customer, one's own order.
    Customer(AccountId),
    /// An admin, whosever it is.
    Admin(AccountId),
}

/// Why an order is not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotCancelled {
    /// There is none, or it is someone else's.
    #[error("there is no such order")]
    Unknown,
    /// It has come too far, or there is nothing to cancel.
    #[error("the order is {}", .0.name())]
    TooLate(OrderStatus),
}

/// The command: takes the step and says so by [`OrderUpdate`](events::OrderUpdate); what was taken for
/// the order is given back by those who hear of it.
///
/// An order that is cancelled already stays as it is, so it may run again at any time.
pub struct CancelOrder<'a, D> {
    database: &'a D,
    clock: &'a dyn Clock,
    context: MessageContext,
    order: OrderId,
    by: CancelledBy,
    note: Option<String>,
}

impl<'a, D> CancelOrder<'a, D> {
    /// Cancels `order` for `by`, who left `note`.
    pub fn new(
        database: &'a D,
        clock: &'a dyn Clock,
        context: MessageContext,
        order: OrderId,
        by: CancelledBy,
        note: Option<String>,
    ) -> Self {
        Self {
            database,
            clock,
            context,
            order,
            by,
            note,
        }
    }
}

impl<D: OrdersStore> Work<D> for CancelOrder<'_, D> {
    /// The order as it is now, and whether it took a step for that.
    type Output = Result<(Order, bool), NotCancelled>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let found = self.database.orders(tx, &[self.order]).await?.pop();
        let Some(mut order) = found else {
            return Ok(Err(NotCancelled::Unknown));
        };
        let (CancelledBy::Customer(who) | CancelledBy::Admin(who)) = self.by;
        let cancellation = match self.by {
            _ if who == order.customer => Cancellation::CancelledByCustomer,
            CancelledBy::Customer(_) => return Ok(Err(NotCancelled::Unknown)),
            CancelledBy::Admin(_) => Cancellation::CancelledByShop,
        };
        let mut out = EventCollector::new(NAME, self.clock);
        let now = out.after(Some(order.changed_at));
        let step = match cancel(&order, cancellation, self.note.clone(), now) {
            Cancelled::Step(step) => step,
            Cancelled::AlreadySo => return Ok(Ok((order, false))),
            Cancelled::TooLate => return Ok(Err(NotCancelled::TooLate(order.status))),
        };
        let transition = OrderTransition {
            from: OrderState::from(&order),
            step: step.clone(),
            written_at: now,
        };
        order.take(step, now);
        let id = update_id(order.id, order.version);
        out.push_as(id, &order.to_update(), self.context.clone())
            .map_err(StoreError::permanent)?;
        if let Some(closed) = order.to_closed_details() {
            let id = details_id(order.id, closed.version);
            out.push_as(id, &closed, self.context.clone())
                .map_err(StoreError::permanent)?;
        }
        self.database.settle(tx, &[transition]).await?;
        out.write(self.database, tx).await?;
        Ok(Ok((order, true)))
    }
}
