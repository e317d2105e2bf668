//! Gives captured money back.

use outbox::{MessageContext, OutboxStore, Rows, StoreError, Work};

use super::change::{Changed, Tools};
use crate::domain::{Refund, Refusal};
use crate::store::{EntryKind, IntentRow};

/// Writes the refund, the books and what tells it. Run by [`host::once`].
pub struct RefundIntent<'a, D> {
    tools: Tools<'a, D>,
    context: MessageContext,
    id: &'a str,
    amount: i64,
    key: &'a str,
}

impl<'a, D> RefundIntent<'a, D> {
    /// Refunds `amount` minor units of the intent `id` under the `Idempotency-Key` `key`.
    pub fn new(
        tools: Tools<'a, D>,
        context: MessageContext,
        id: &'a str,
        amount: i64,
        key: &'a str,
    ) -> Self {
        Self {
            tools,
            context,
            id,
            amount,
            key,
        }
    }
}

impl<D: Rows + OutboxStore> Work<D> for RefundIntent<'_, D> {
    type Output = Result<Changed, Refusal>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let Tools {
            database,
            clock,
            faults,
            ..
        } = self.tools;
        let Some(mut row) = database.get::<IntentRow>(tx, self.id).await? else {
            return Ok(Err(Refusal::Unknown));
        };
        let refund = Refund {
            id: self.tools.id("re"),
            amount: self.amount,
            at: clock.now(),
        };
        if let Err(refusal) = row.intent.refund(refund.clone()) {
            return Ok(Err(refusal));
        }
        let refused = faults.strikes(faults.refund_refusal_rate, "refund-refusal", self.key);
        if refused && !row.refused_refunds.iter().any(|key| key == self.key) {
            return self.refuse(tx).await;
        }
        database.replace(tx, std::slice::from_ref(&row)).await?;
        let booked = self
            .tools
            .book(tx, EntryKind::Refund, &row.intent, self.amount);
        booked.await?;
        let webhook = self.tools.tell(tx, &row, &self.context).await?;
        Ok(Ok(Changed {
            intent: row.intent,
            made: true,
            refund: Some(refund),
            webhook,
        }))
    }
}

impl<D: Rows> RefundIntent<'_, D> {
    /// Refuses it this time, and notes that, so that it is granted the next time.
    async fn refuse(&self, tx: &mut D::Tx) -> Result<Result<Changed, Refusal>, StoreError> {
        let database = self.tools.database;
        if let Some(mut row) = database.get::<IntentRow>(tx, self.id).await? {
            row.refused_refunds.push(self.key.to_owned());
            database.replace(tx, &[row]).await?;
        }
        Ok(Err(Refusal::NotNow))
    }
}
