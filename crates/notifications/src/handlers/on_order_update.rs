//! `OrderUpdate`: an order took a step.

use std::time::Duration;

use events::OrderUpdate;
use outbox::{Envelope, EventCollector, Handle, HandleError, Rows};

use super::write_mails;
use crate::domain::Mail;

/// Handles `OrderUpdate`.
///
/// - **Trigger:** an order took a step.
/// - **Effect:** when it is accepted, rejected, cancelled or delivered, a mail to its customer is
///   scheduled.
/// - **Emits:** nothing.
/// - **Idempotent,** because a mail's row is written once.
pub struct OnOrderUpdate<D> {
    database: D,
    max_age: Duration,
}

impl<D> OnOrderUpdate<D> {
    /// A handler on `database`; what happened longer than `max_age` ago is not mailed.
    pub fn new(database: D, max_age: Duration) -> Self {
        Self { database, max_age }
    }
}

impl<D: Rows> Handle<OrderUpdate, D> for OnOrderUpdate<D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<OrderUpdate>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let mails: Vec<_> = events
            .iter()
            .filter_map(|one| Some((Mail::of_order(&one.event, one.time)?, one.consequence())))
            .collect();
        let new = write_mails(&self.database, tx, &mails, self.max_age, out).await?;
        out.duplicates(events.len() - new);
        Ok(())
    }
}
