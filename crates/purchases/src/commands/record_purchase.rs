//! Takes a purchase, once.

use events::PurchaseCreate;
use outbox::{Clock, EventCollector, MessageContext, OutboxStore, Rows, StoreError, Work};
use uuid::Uuid;

use crate::domain::Purchase;
use crate::name::NAME;
use crate::store::{self, PurchaseRow};

/// The same values were taken before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate;

/// Writes the purchase and, in the same transaction, [`PurchaseCreate`].
pub struct RecordPurchase<'a, D> {
    database: &'a D,
    clock: &'a dyn Clock,
    context: MessageContext,
    event_id: Uuid,
    row: PurchaseRow,
}

impl<'a, D> RecordPurchase<'a, D> {
    /// Takes `purchase`.
    pub fn new(
        database: &'a D,
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
            row: PurchaseRow::new(clock.uuid().to_string(), purchase),
        }
    }
}

impl<D: OutboxStore + Rows> Work<D> for RecordPurchase<'_, D> {
    type Output = Result<(), Duplicate>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let row = std::slice::from_ref(&self.row);
        if let Some(known) = store::known(self.database, tx, row).await?.first() {
            return Ok(if known.id == self.row.id {
                Ok(())
            } else {
                Err(Duplicate)
            });
        }
        self.database.insert(tx, row).await?;
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
