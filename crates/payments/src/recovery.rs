//! What the service takes back from its own topics when its database was restored from an older backup (see
//! [`outbox::recovery`]): payments, balances and the ledger. What they want to have done is scheduled again;
//! the provider knows each request by its key and does it once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use events::{AccountId, BalanceUpdate, LedgerEntry, OrderId, PaymentUpdate, topics};
use futures::future::BoxFuture;
use jiff::Timestamp;
use outbox::kafka::TopicReader;
use outbox::recovery::own_event;
use outbox::rows::as_uuid;
use outbox::{
    Clock, Envelope, EventCollector, MessageContext, OutboxStore, Query, Record, Recover,
    RecoveryError, Rows, StoreError, Work, transact,
};

use crate::domain::{Balance, Payment};
use crate::name::NAME;
use crate::schedule::schedule;
use crate::store::{BalanceRow, LedgerRow, PaymentRow, of_accounts, of_orders};

/// Takes the service's own payments and balances back.
pub struct PaymentRecovery<D> {
    database: D,
    clock: Arc<dyn Clock>,
}

impl<D: Rows + OutboxStore> PaymentRecovery<D> {
    /// Puts what is missing into `database`.
    pub fn new(database: D, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    async fn recover(&self, records: &[Record]) -> Result<usize, RecoveryError> {
        let (mut payments, mut balances) = (Vec::new(), Vec::new());
        for record in records {
            if let Some(update) = own_event::<PaymentUpdate>(record)? {
                payments.push(update);
            } else if let Some(update) = own_event::<BalanceUpdate>(record)? {
                balances.push(update);
            }
        }
        if payments.is_empty() && balances.is_empty() {
            return Ok(0);
        }
        let mut work = TakeBack {
            database: &self.database,
            clock: self.clock.as_ref(),
            payments,
            balances,
        };
        Ok(transact(&self.database, &mut work).await?)
    }
}

impl<D: Rows + OutboxStore> Recover for PaymentRecovery<D> {
    fn topics(&self) -> Vec<&'static str> {
        vec![topics::PAYMENTS, topics::BALANCES]
    }

    fn recover<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<usize, RecoveryError>> {
        Box::pin(self.recover(records))
    }

    fn conclude<'a>(
        &'a self,
        _topics: &'a TopicReader,
    ) -> BoxFuture<'a, Result<(), RecoveryError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

struct TakeBack<'a, D> {
    database: &'a D,
    clock: &'a dyn Clock,
    payments: Vec<Envelope<PaymentUpdate>>,
    balances: Vec<Envelope<BalanceUpdate>>,
}

impl<D: Rows + OutboxStore> Work<D> for TakeBack<'_, D> {
    type Output = usize;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<usize, StoreError> {
        let mut out = EventCollector::new(NAME, self.clock);
        let payments = self.take_payments(tx, &mut out).await?;
        let balances = self.take_balances(tx).await?;
        self.take_entries(tx).await?;
        out.write(self.database, tx).await?;
        Ok(payments + balances)
    }
}

impl<D: Rows> TakeBack<'_, D> {
    /// Writes the newest state of each payment that is older here, and schedules what that wants.
    async fn take_payments(
        &self,
        tx: &mut D::Tx,
        out: &mut EventCollector<'_>,
    ) -> Result<usize, StoreError> {
        let orders: BTreeSet<OrderId> = self.payments.iter().map(|it| it.event.order_id).collect();
        let known: Vec<PaymentRow> = self.database.find(tx, of_orders(orders)).await?;
        let mut rows: BTreeMap<OrderId, (bool, PaymentRow)> =
            known.into_iter().map(|row| (row.id, (true, row))).collect();
        let (mut taken, mut changed) = (0, BTreeSet::new());
        for Envelope { event, time, .. } in &self.payments {
            let order = event.order_id;
            let (_, row) = rows
                .entry(order)
                .or_insert_with(|| (false, PaymentRow::new(order)));
            let version = row.payment.as_ref().map_or(0, |payment| payment.version);
            if event.version > version {
                row.payment = Some(Payment::recovered(event, *time));
                row.choice = None;
                taken += 1;
                changed.insert(order);
            }
        }
        rows.retain(|order, _| changed.contains(order));
        for payment in rows.values().filter_map(|(_, row)| row.payment.as_ref()) {
            for wanted in payment.wanted() {
                schedule(payment, wanted, &MessageContext::default(), out)
                    .map_err(StoreError::permanent)?;
            }
        }
        let (old, new): (Vec<_>, Vec<_>) = rows.into_values().partition(|(known, _)| *known);
        let rows_of = |all: Vec<(bool, PaymentRow)>| -> Vec<PaymentRow> {
            all.into_iter().map(|(_, row)| row).collect()
        };
        self.write(tx, rows_of(new), rows_of(old)).await?;
        Ok(taken)
    }

    /// Writes the newest state of each balance that is older here.
    async fn take_balances(&self, tx: &mut D::Tx) -> Result<usize, StoreError> {
        let accounts: BTreeSet<AccountId> =
            self.balances.iter().map(|it| it.event.account_id).collect();
        let known: Vec<BalanceRow> = self.database.find(tx, of_accounts(accounts)).await?;
        let known: BTreeMap<AccountId, BalanceRow> =
            known.into_iter().map(|row| (row.id, row)).collect();
        let (mut taken, mut newest) = (0, known.clone());
        for Envelope { event, .. } in &self.balances {
            let version = newest.get(&event.account_id).map_or(0, |row| row.version);
            if event.version > version {
                let balance = Balance {
                    account_id: event.account_id,
                    amount: event.balance,
                    version: event.version,
                };
                newest.insert(event.account_id, balance.into());
                taken += 1;
            }
        }
        newest.retain(|account, row| known.get(account) != Some(row));
        let (old, new) = newest
            .into_values()
            .partition(|row| known.contains_key(&row.id));
        self.write(tx, new, old).await?;
        Ok(taken)
    }

    /// Writes the ledger's entries that are not there.
    async fn take_entries(&self, tx: &mut D::Tx) -> Result<(), StoreError> {
        let mut told: BTreeMap<_, LedgerRow> = BTreeMap::new();
        let mut tell = |entry: &LedgerEntry, order, customer, at: Timestamp| {
            let row = LedgerRow::new(entry, order, customer, None, at);
            told.insert(row.id, row);
        };
        for Envelope { event, time, .. } in &self.payments {
            if let Some(entry) = &event.entry {
                tell(entry, Some(event.order_id), event.customer_id, *time);
            }
        }
        for Envelope { event, time, .. } in &self.balances {
            if let Some(entry) = &event.entry {
                tell(entry, None, event.account_id, *time);
            }
        }
        let ids = told.keys().copied().map(as_uuid::of);
        let known: Vec<LedgerRow> = self.database.find(tx, Query::any_of("_id", ids)).await?;
        for row in known {
            told.remove(&row.id);
        }
        let missing: Vec<LedgerRow> = told.into_values().collect();
        self.write(tx, missing, Vec::new()).await
    }

    async fn write<R: outbox::Row>(
        &self,
        tx: &mut D::Tx,
        new: Vec<R>,
        old: Vec<R>,
    ) -> Result<(), StoreError> {
        if !new.is_empty() {
            self.database.insert(tx, &new).await?;
        }
        if !old.is_empty() {
            self.database.replace(tx, &old).await?;
        }
        Ok(())
    }
}
