//! Takes a purchase, once.

use events::PurchaseCreate;
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::{Clock, EventCollector, MessageContext, StoreError, Work};
use uuid::Uuid;

use crate::domain::Purchase;
use crate::name::NAME;
use crate::store::{self, Row};

/// The same values were taken before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate;

/// Writes the purchase and, in the same transaction, [`PurchaseCreate`].
pub struct RecordPurchase<'a> {
    database: &'a MongoDatabase,
    clock: &'a dyn Clock,
    context: MessageContext,
    event_id: Uuid,
    row: Row,
}

impl<'a> RecordPurchase<'a> {
    /// Takes `purchase`.
    pub fn new(
        database: &'a MongoDatabase,
        clock: &'a dyn Clock,
        context: MessageContext,
        purchase: Purchase,
    ) -> Self {
        Self {
            database,
            clock,
            context,
            event_id: clock.uuid(),
            // Drawn once: when the work runs again after an unknown outcome, it knows its own row.
            row: Row::new(clock.uuid().to_string(), purchase),
        }
    }
}

impl Work<MongoDatabase> for RecordPurchase<'_> {
    type Output = Result<(), Duplicate>;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<Self::Output, StoreError> {
        let row = std::slice::from_ref(&self.row);
        if let Some(known) = store::known(tx, row).await?.first() {
            return Ok(if known.id == self.row.id {
                Ok(())
            } else {
                Err(Duplicate)
            });
        }
        store::insert(self.database, tx, row).await?;
        let mut out = EventCollector::new(NAME, self.clock);
        let event = PurchaseCreate {
            purchase_id: self.row.id.clone(),
            username: self.row.username.clone(),
            userid: self.row.userid.clone(),
            price: self.row.price.clone(),
            timestamp: self.row.timestamp.clone(),
        };
        out.push_as(self.event_id, &event, self.context.clone())
            .map_err(StoreError::permanent)?;
        out.write(self.database, tx).await?;
        Ok(Ok(()))
    }
}
