//! Ends the window of a payment.

use std::sync::Arc;

use outbox::{ApplyJob, Clock, EventCollector, JobContext, JobError, Rows};

use crate::commands::Books;
use crate::domain::Rules;
use crate::schedule::EndWindow;

/// - **Effect:** a payment that still waits is expired, whatever the provider may still say of it.
/// - **Exactly once,** in the transaction that finishes it.
pub struct RunEndWindow<D> {
    database: D,
    clock: Arc<dyn Clock>,
    rules: Rules,
}

impl<D> RunEndWindow<D> {
    /// A runner on `database`.
    pub fn new(database: D, clock: Arc<dyn Clock>, rules: Rules) -> Self {
        Self {
            database,
            clock,
            rules,
        }
    }
}

impl<D: Rows> ApplyJob<EndWindow, D> for RunEndWindow<D> {
    async fn apply(
        &self,
        tx: &mut D::Tx,
        job: &EndWindow,
        context: &JobContext,
        out: &mut EventCollector<'_>,
    ) -> Result<(), JobError> {
        let (clock, orders) = (self.clock.as_ref(), [job.order].into());
        let mut books = Books::open(&self.database, clock, tx, orders, []).await?;
        books.change(job.order, &context.consequence(), |payment, _| {
            payment.end_window(self.rules);
        })?;
        books.close(tx, out).await?;
        Ok(())
    }
}
