//! An admin puts money into a customer's balance, or takes it out.

use events::{AccountId, BalanceUpdate, LedgerEntry};
use outbox::rows::as_uuid;
use outbox::{Clock, EventCollector, MessageContext, OutboxStore, Rows, StoreError, Work};
use uuid::Uuid;

use crate::domain::{Balance, InvalidGrant, Position};
use crate::name::NAME;
use crate::store::{BalanceRow, LedgerRow};

/// Writes the balance and the ledger's entry, and publishes both. Run by [`host::once`].
pub struct GrantBalance<'a, D> {
    database: &'a D,
    clock: &'a dyn Clock,
    context: MessageContext,
    account: AccountId,
    minor: i64,
    reason: String,
    entry: Option<Uuid>,
}

impl<'a, D> GrantBalance<'a, D> {
    /// Moves `minor` minor units into the balance of `account`, out of it when below zero.
    pub fn new(
        database: &'a D,
        clock: &'a dyn Clock,
        context: MessageContext,
        account: AccountId,
        minor: i64,
        reason: String,
    ) -> Self {
        Self {
            database,
            clock,
            context,
            account,
            minor,
            reason,
            entry: None,
        }
    }

    /// The same under this id of the ledger's entry.
    pub(crate) fn under(self, entry: Uuid) -> Self {
        Self {
            entry: Some(entry),
            ..self
        }
    }
}

impl<D: Rows + OutboxStore> Work<D> for GrantBalance<'_, D> {
    type Output = Result<Balance, InvalidGrant>;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<Self::Output, StoreError> {
        let found: Option<BalanceRow> = self.database.get(tx, as_uuid::of(self.account)).await?;
        let is_new = found.is_none();
        let mut balance = found.map_or_else(|| Balance::none(self.account), Balance::from);
        if let Err(refused) = balance.add(self.minor) {
            return Ok(Err(refused));
        }
        let entry = LedgerEntry {
            id: self.entry.unwrap_or_else(|| self.clock.uuid()),
            currency: balance.amount.currency,
            postings: Position::of_grant(self.minor).postings(),
        };
        let mut out = EventCollector::new(NAME, self.clock);
        let reason = Some(self.reason.clone());
        let row = LedgerRow::new(&entry, None, self.account, reason, out.now());
        self.database.insert(tx, &[row]).await?;
        let kept = [BalanceRow::from(balance)];
        if is_new {
            self.database.insert(tx, &kept).await?;
        } else {
            self.database.replace(tx, &kept).await?;
        }
        let update = BalanceUpdate {
            account_id: self.account,
            balance: balance.amount,
            entry: Some(entry),
            version: balance.version,
        };
        out.push(&update, self.context.clone())
            .map_err(StoreError::permanent)?;
        out.write(self.database, tx).await?;
        Ok(Ok(balance))
    }
}
