//! Payments and balances in one transaction: what is changed of them is written, published and followed up
//! together.

use std::collections::{BTreeMap, BTreeSet};

use events::{AccountId, BalanceUpdate, LedgerEntry, Money, OrderId, PaymentUpdate};
use outbox::{Clock, EventCollector, MessageContext, Rows, StoreError};

use crate::domain::{Attempt, Balance, Payment, Position, Wanted};
use crate::schedule::{schedule, window_id};
use crate::store::{BalanceRow, LedgerRow, PaymentRow, of_accounts, of_orders};

/// A row as it was read, and as it is to be.
struct Kept {
    before: Option<PaymentRow>,
    after: PaymentRow,
    context: MessageContext,
}

/// What one transaction has read of payments and balances, and changes of them.
pub struct Books<'a, D> {
    database: &'a D,
    clock: &'a dyn Clock,
    payments: BTreeMap<OrderId, Kept>,
    balances: BTreeMap<AccountId, (Balance, Balance, MessageContext)>,
}

impl<'a, D: Rows> Books<'a, D> {
    /// Opens the books of `orders`, whose customers may be `customers` where nothing is known of them yet.
    ///
    /// # Errors
    /// A store error.
    pub async fn open(
        database: &'a D,
        clock: &'a dyn Clock,
        tx: &mut D::Tx,
        orders: BTreeSet<OrderId>,
        customers: impl IntoIterator<Item = AccountId>,
    ) -> Result<Self, StoreError> {
        let rows: Vec<PaymentRow> = database.find(tx, of_orders(orders.iter().copied())).await?;
        let mut rows: BTreeMap<OrderId, PaymentRow> =
            rows.into_iter().map(|row| (row.id, row)).collect();
        let known = rows.values().filter_map(|row| row.payment.as_ref());
        let mut accounts: BTreeSet<AccountId> = known.map(|it| it.customer_id).collect();
        accounts.extend(customers);
        let balances: Vec<BalanceRow> = database.find(tx, of_accounts(accounts.clone())).await?;
        let mut balances: BTreeMap<AccountId, Balance> = balances
            .into_iter()
            .map(|row| (row.id, row.into()))
            .collect();
        let payments = orders.into_iter().map(|order| {
            let before = rows.remove(&order);
            let after = before.clone().unwrap_or_else(|| PaymentRow::new(order));
            let context = MessageContext::default();
            (
                order,
                Kept {
                    before,
                    after,
                    context,
                },
            )
        });
        let payments = payments.collect();
        let balances = accounts.into_iter().map(|account| {
            let balance = balances.remove(&account);
            let balance = balance.unwrap_or_else(|| Balance::none(account));
            (account, (balance, balance, MessageContext::default()))
        });
        Ok(Self {
            database,
            clock,
            payments,
            balances: balances.collect(),
        })
    }

    /// The row of `order`, which was asked for when the books were opened; what follows from its change is a
    /// consequence of `context`.
    pub fn row(&mut self, order: OrderId, context: MessageContext) -> Option<&mut PaymentRow> {
        let kept = self.payments.get_mut(&order)?;
        kept.context = context;
        Some(&mut kept.after)
    }

    /// The payment of `order`, if there is one.
    pub fn payment(&self, order: OrderId) -> Option<&Payment> {
        self.payments.get(&order)?.after.payment.as_ref()
    }

    /// Has `act` change the payment of `order`, with its customer's balance to look at, and moves what that
    /// takes from the balance or puts into it. `None` when there is no payment.
    ///
    /// # Errors
    /// Permanent, when a balance would be too large to be counted.
    pub fn change<T>(
        &mut self,
        order: OrderId,
        context: &MessageContext,
        act: impl FnOnce(&mut Payment, &Balance) -> T,
    ) -> Result<Option<T>, StoreError> {
        let Some(kept) = self.payments.get_mut(&order) else {
            return Ok(None);
        };
        let Some(payment) = &mut kept.after.payment else {
            return Ok(None);
        };
        let account = payment.customer_id;
        let (_, balance, cause) = self.balances.entry(account).or_insert_with(|| {
            let balance = Balance::none(account);
            (balance, balance, MessageContext::default())
        });
        let before = Position::of(payment);
        let out = act(payment, balance);
        let moved = Position::of(payment)
            .since(&before)
            .on(events::LedgerAccount::Balances);
        kept.context = context.clone();
        if moved != 0 {
            balance.add(-moved).map_err(StoreError::permanent)?;
            *cause = context.clone();
        }
        Ok(Some(out))
    }

    /// Writes what was changed, publishes it, and schedules what is to be done about it. Comes back with all
    /// payments as they are since then.
    ///
    /// # Errors
    /// A store error.
    pub async fn close(
        self,
        tx: &mut D::Tx,
        out: &mut EventCollector<'_>,
    ) -> Result<Vec<Payment>, StoreError> {
        let (mut new, mut changed, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        let mut payments = Vec::new();
        for (order, mut kept) in self.payments {
            if kept.before.as_ref() == Some(&kept.after)
                || (kept.before.is_none() && kept.after == PaymentRow::new(order))
            {
                payments.extend(kept.after.payment);
                continue;
            }
            let before = kept.before.as_ref().and_then(|row| row.payment.as_ref());
            if let Some(payment) = &mut kept.after.payment {
                let entry = publish(self.clock, before, payment, &kept.context, out)?;
                entries.extend(entry);
                follow_up(before, payment, &kept.context, out)?;
                payments.push(payment.clone());
            }
            if kept.before.is_some() {
                changed.push(kept.after);
            } else {
                new.push(kept.after);
            }
        }
        let (mut opened, mut moved) = (Vec::new(), Vec::new());
        for (before, after, context) in self.balances.into_values() {
            if before == after {
                continue;
            }
            let mut after = after;
            after.version = before.version + 1;
            let update = BalanceUpdate {
                account_id: after.account_id,
                balance: after.amount,
                entry: None,
                version: after.version,
            };
            out.push(&update, context).map_err(StoreError::permanent)?;
            if before.version == 0 {
                opened.push(BalanceRow::from(after));
            } else {
                moved.push(BalanceRow::from(after));
            }
        }
        let database = self.database;
        if !new.is_empty() {
            database.insert(tx, &new).await?;
        }
        if !changed.is_empty() {
            database.replace(tx, &changed).await?;
        }
        if !entries.is_empty() {
            database.insert(tx, &entries).await?;
        }
        if !opened.is_empty() {
            database.insert(tx, &opened).await?;
        }
        if !moved.is_empty() {
            database.replace(tx, &moved).await?;
        }
        Ok(payments)
    }
}

/// Publishes `payment` if others see a difference; comes back with the ledger's entry for it.
fn publish(
    clock: &dyn Clock,
    before: Option<&Payment>,
    payment: &mut Payment,
    context: &MessageContext,
    out: &mut EventCollector<'_>,
) -> Result<Option<LedgerRow>, StoreError> {
    let moved = Position::of(payment);
    let moved = match before {
        Some(before) => moved.since(&Position::of(before)),
        None => moved,
    };
    let postings = moved.postings();
    let entry = (!postings.is_empty()).then(|| LedgerEntry {
        id: clock.uuid(),
        currency: payment.amount.currency,
        postings,
    });
    if entry.is_none() && before.is_some_and(|before| public(before, None) == public(payment, None))
    {
        return Ok(None);
    }
    payment.version += 1;
    let update = public(payment, entry.clone());
    out.push(&update, context.clone())
        .map_err(StoreError::permanent)?;
    let row = |entry| {
        LedgerRow::new(
            entry,
            Some(payment.order_id),
            payment.customer_id,
            None,
            out.now(),
        )
    };
    Ok(entry.as_ref().map(row))
}

/// `payment` as others see it.
fn public(payment: &Payment, entry: Option<LedgerEntry>) -> PaymentUpdate {
    let money = |minor| Money::new(minor, payment.amount.currency);
    PaymentUpdate {
        order_id: payment.order_id,
        customer_id: payment.customer_id,
        sellers: payment.sellers.clone(),
        status: payment.status(),
        amount: payment.amount,
        captured: money(payment.captured()),
        refunded: money(payment.refunded()),
        due_at: payment.due_at,
        cancelled: payment.cancelled,
        attempts: payment.attempts.iter().map(Attempt::public).collect(),
        refunds: payment.refunds.clone(),
        entry,
        version: payment.version,
    }
}

/// Schedules what `payment` wants to have done and did not want before, and cancels its timer once nobody
/// waits any more. Other jobs find out by themselves that they are not wanted any more.
fn follow_up(
    before: Option<&Payment>,
    payment: &Payment,
    context: &MessageContext,
    out: &mut EventCollector<'_>,
) -> Result<(), StoreError> {
    let before = before.map(Payment::wanted).unwrap_or_default();
    let now = payment.wanted();
    for wanted in now.iter().filter(|wanted| !before.contains(wanted)) {
        schedule(payment, *wanted, context, out).map_err(StoreError::permanent)?;
    }
    if before.contains(&Wanted::Window) && !now.contains(&Wanted::Window) {
        out.cancel(window_id(payment.order_id));
    }
    Ok(())
}
