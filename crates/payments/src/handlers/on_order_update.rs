//! `OrderUpdate`: an order that is to be paid for was accepted, or cancelled.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use events::{OrderStatus, OrderUpdate};
use jiff::Timestamp;
use outbox::{Clock, Envelope, EventCollector, Handle, HandleError, Rows};

use crate::commands::Books;
use crate::domain::{Payment, Rules, Try};

/// Handles `OrderUpdate`.
///
/// - **Trigger:** an order that asks for payment is accepted; one is cancelled.
/// - **Effect:** the payment waits, and is begun if it is known how; or it is given up, and what was paid is
///   given back.
/// - **Emits:** `PaymentUpdate`, `BalanceUpdate`; jobs at the provider, the timer of the window.
/// - **Idempotent,** because an order has one payment, and what is given up stays so.
pub struct OnOrderUpdate<D> {
    database: D,
    clock: Arc<dyn Clock>,
    rules: Rules,
    window: Duration,
}

impl<D> OnOrderUpdate<D> {
    /// A handler on `database`; a payment may be made within `window`.
    pub fn new(database: D, clock: Arc<dyn Clock>, rules: Rules, window: Duration) -> Self {
        Self {
            database,
            clock,
            rules,
            window,
        }
    }

    /// The payment of `order`, which was accepted at `accepted_at`.
    fn payment(&self, order: &OrderUpdate, accepted_at: Timestamp) -> Payment {
        let sellers = order.lines.iter().filter_map(|line| line.seller);
        // What is too long to be counted does not end.
        let due_at = accepted_at.checked_add(self.window);
        Payment::new(
            order.order_id,
            order.customer_id,
            sellers.collect(),
            order.total,
            due_at.unwrap_or(Timestamp::MAX),
        )
    }
}

/// Whether `order` says something about a payment.
fn concerns(order: &OrderUpdate) -> bool {
    let told = matches!(order.status, OrderStatus::Accepted | OrderStatus::Cancelled);
    told && order.asks.payment
}

impl<D: Rows> Handle<OrderUpdate, D> for OnOrderUpdate<D> {
    fn wants(&self, event: &OrderUpdate) -> bool {
        concerns(event)
    }

    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<OrderUpdate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let orders: BTreeSet<_> = events.iter().map(|one| one.event.order_id).collect();
        let customers = events.iter().map(|one| one.event.customer_id);
        let clock = self.clock.as_ref();
        let mut books = Books::open(&self.database, clock, tx, orders, customers).await?;
        for one in events {
            let (order, context, rules) = (one.event.order_id, one.consequence(), self.rules);
            let payment = books.payment(order);
            let is_known = payment.is_some();
            if one.event.status == OrderStatus::Cancelled {
                // An order that was not accepted is not paid for.
                if payment.is_none_or(|payment| payment.cancelled) {
                    out.duplicates(1);
                    continue;
                }
                books.change(order, &context, |payment, _| payment.cancel(rules))?;
                continue;
            }
            if is_known {
                out.duplicates(1);
                continue;
            }
            let Some(row) = books.row(order, context.clone()) else {
                continue;
            };
            row.payment = Some(self.payment(&one.event, one.time));
            if let Some(how) = row.choice.take().as_ref().and_then(Try::of) {
                books.change(order, &context, |payment, balance| {
                    // It waits, so it can be tried.
                    let _ = payment.pay(how, balance, rules);
                })?;
            }
        }
        books.close(tx, out).await?;
        Ok(())
    }
}
