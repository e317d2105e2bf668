//! `OrderDetails`: how an order is to be paid for.

use std::collections::BTreeSet;
use std::sync::Arc;

use events::{OrderDetails, PaymentChoice};
use outbox::{Clock, Envelope, EventCollector, Handle, HandleError, Rows};

use crate::commands::Books;
use crate::domain::{Rules, Try};

/// Handles `OrderDetails`.
///
/// - **Trigger:** an order was placed, or it rests and nothing personal is left of it.
/// - **Effect:** a payment that waits and was never tried is begun; before the order is accepted it is kept
///   how it is to be paid.
/// - **Emits:** `PaymentUpdate`, `BalanceUpdate`; jobs at the provider.
/// - **Idempotent,** because only a newer version is taken, and it begins only what was never tried.
pub struct OnOrderDetails<D> {
    database: D,
    clock: Arc<dyn Clock>,
    rules: Rules,
}

impl<D> OnOrderDetails<D> {
    /// A handler on `database`.
    pub fn new(database: D, clock: Arc<dyn Clock>, rules: Rules) -> Self {
        Self {
            database,
            clock,
            rules,
        }
    }
}

impl<D: Rows> Handle<OrderDetails, D> for OnOrderDetails<D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<OrderDetails>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let orders: BTreeSet<_> = events.iter().map(|one| one.event.order_id).collect();
        let customers = events.iter().map(|one| one.event.customer_id);
        let clock = self.clock.as_ref();
        let mut books = Books::open(&self.database, clock, tx, orders, customers).await?;
        for one in events {
            let (details, context, rules) = (&one.event, one.consequence(), self.rules);
            let Some(row) = books.row(details.order_id, context.clone()) else {
                continue;
            };
            if details.version <= row.details_version {
                out.duplicates(1);
                continue;
            }
            row.details_version = details.version;
            row.choice = None;
            let Some(choice) = details
                .payment
                .as_ref()
                .filter(|it| **it != PaymentChoice::Later)
            else {
                continue;
            };
            match &row.payment {
                None => row.choice = Some(choice.clone()),
                Some(payment) if payment.attempts.is_empty() => {
                    books.change(details.order_id, &context, |payment, balance| {
                        if let Some(how) = Try::of(choice) {
                            // What is closed by now stays so.
                            let _ = payment.pay(how, balance, rules);
                        }
                    })?;
                }
                Some(_) => {}
            }
        }
        books.close(tx, out).await?;
        Ok(())
    }
}
