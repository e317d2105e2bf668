//! `OrderUpdate`: an order took a step.

use std::time::Duration;

use events::OrderUpdate;
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::{Envelope, EventCollector, Handle, HandleError};

use super::write_mails;
use crate::domain::Mail;

/// Handles `OrderUpdate`.
///
/// - **Trigger:** an order took a step.
/// - **Effect:** when it is accepted, rejected, cancelled or delivered, a mail to its customer is
///   scheduled.
/// - **Emits:** nothing.
/// - **Idempotent,** because a mail's row is written once.
pub struct OnOrderUpdate {
    database: MongoDatabase,
    max_age: Duration,
}

impl OnOrderUpdate {
    /// A handler on `database`; what happened longer than `max_age` ago is not mailed.
    pub fn new(database: MongoDatabase, max_age: Duration) -> Self {
        Self { database, max_age }
    }
}

impl Handle<OrderUpdate, MongoDatabase> for OnOrderUpdate {
    async fn handle(
        &self,
        tx: &mut MongoTx,
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
