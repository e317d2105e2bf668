//! What changes the books: messages, and the jobs that follow from them.

use std::sync::Arc;

use jiff::SignedDuration;
use outbox::jobs::ApplyJob;
use outbox::memory::MemoryTx;
use outbox::{
    Event, EventCollector, Job, JobContext, JobError, JobId, MessageContext, RunJob, StoreError,
    Work,
};
use serde::{Deserialize, Serialize};

use super::clock::DatabaseClock;
use super::control::Store;
use super::fault_injector::World;
use super::snapshot::{Entry, Snapshot};

/// The timer: closes an order that was not paid.
#[derive(Serialize, Deserialize)]
pub(super) struct Close(u32);

impl Job for Close {
    const NAME: &'static str = "close";
}

/// Sends a mail.
#[derive(Serialize, Deserialize)]
pub(super) struct Mail(u32);

impl Job for Mail {
    const NAME: &'static str = "mail";
}

/// An order was closed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Closed(pub(super) u32);

impl Event for Closed {
    const TYPE: &'static str = "Closed";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = "closed";

    fn key(&self) -> String {
        self.0.to_string()
    }

    fn aggregate_version(&self) -> u64 {
        1
    }
}

/// An order is placed: once more, if it was before.
pub(super) struct Place<'a> {
    pub(super) store: &'a Store,
    pub(super) clock: &'a DatabaseClock,
    pub(super) order: u32,
    pub(super) wait: SignedDuration,
}

impl Work<Store> for Place<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MemoryTx<Snapshot>) -> Result<(), StoreError> {
        let mut out = EventCollector::new("orders", self.clock);
        let (number, now) = (self.order, out.now());
        let order = tx.state.orders.entry(number).or_default();
        let due = *order.due.get_or_insert(now + self.wait);
        let close = JobId::of(Close::NAME, &[&number]);
        let mail = JobId::of(Mail::NAME, &[&number]);
        let context = MessageContext::default();
        out.schedule(close, &Close(number), due, context.clone())
            .and_then(|()| out.schedule(mail, &Mail(number), now, context))
            .map_err(StoreError::permanent)?;
        out.write(self.store, tx).await.map(drop)
    }
}

/// An order is paid, which cancels its timer: also before it is placed, as messages of different
/// topics may come.
pub(super) struct Pay<'a> {
    pub(super) store: &'a Store,
    pub(super) clock: &'a DatabaseClock,
    pub(super) order: u32,
}

impl Work<Store> for Pay<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MemoryTx<Snapshot>) -> Result<(), StoreError> {
        if tx
            .state
            .entries
            .iter()
            .any(|entry| entry.order == self.order)
        {
            return Ok(());
        }
        tx.state.orders.entry(self.order).or_default().paid = true;
        let mut out = EventCollector::new("orders", self.clock);
        out.cancel(JobId::of(Close::NAME, &[&self.order]));
        out.write(self.store, tx).await.map(drop)
    }
}

/// Does both jobs.
#[derive(Clone)]
pub(super) struct Worker {
    pub(super) world: Arc<World>,
    pub(super) clock: Arc<DatabaseClock>,
}

impl ApplyJob<Close, Store> for Worker {
    async fn apply(
        &self,
        tx: &mut MemoryTx<Snapshot>,
        Close(order): &Close,
        context: &JobContext,
        out: &mut EventCollector<'_>,
    ) -> Result<(), JobError> {
        self.world.attempted(context.attempt);
        // What happens twice in effect has to show: nothing is looked at.
        tx.state.entries.push(Entry {
            order: *order,
            latest: self.clock.latest(),
        });
        out.push(&Closed(*order), context.consequence())
            .map_err(|invalid| JobError::GiveUp(invalid.to_string()))?;
        self.world.trouble_in_a_job().await
    }
}

impl RunJob<Mail> for Worker {
    async fn run(&self, Mail(order): &Mail, context: &JobContext) -> Result<(), JobError> {
        self.world.attempted(context.attempt);
        self.world.mailed(*order);
        self.world.trouble_in_a_job().await
    }
}
