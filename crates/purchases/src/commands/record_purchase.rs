//! Takes a purchase, once.

use events::PurchaseCreate;
use outbox::{
    Clock, EventCollector, MessageContext, OutboxStore, Rows, StoreError, Work, transact,
};
use uuid::Uuid;

use crate::domain::Purchase;
use crate::name::NAME;
use crate::store::{self, PurchaseRow};

/// What became of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is new.
    New,
    /// The same values were taken before.
    Duplicate,
}

/// Writes the purchase and, in the same transaction, [`PurchaseCreate`].
///
/// # Errors
/// A store error.
pub async fn record_purchase<D: OutboxStore + Rows>(
    database: &D,
    clock: &dyn Clock,
    context: MessageContext,
    purchase: Purchase,
) -> Result<Recorded, StoreError> {
    // Drawn once: when the work runs again after an unknown outcome, it knows its own row.
    let row = PurchaseRow::new(clock.uuid().to_string(), purchase);
    let mut work = RecordPurchase {
        database,
        clock,
        context,
        event_id: clock.uuid(),
        row,
    };
    transact(database, &mut work).await
}

struct RecordPurchase<'a, D> {
    database: &'a D,
    clock: &'a dyn Clock,
    context: MessageContext,
    event_id: Uuid,
    row: PurchaseRow,
}

impl<D: OutboxStore + Rows> Work<D> for RecordPurchase<'_, D> {
    type Output = Recorded;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Recorded, StoreError> {
        let row = std::slice::from_ref(&self.row);
        if let Some(known) = store::known(self.database, tx, row).await?.first() {
            return Ok(if known.id == self.row.id {
                Recorded::New
            } else {
                Recorded::Duplicate
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
        Ok(Recorded::New)
    }
}
