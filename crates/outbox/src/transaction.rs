//! A unit of work in one transaction, tried again until it holds.

use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;

use crate::error::{ErrorKind, StoreError};

/// A database that can run units of work.
pub trait Database: Clone + Send + Sync + 'static {
    /// An open transaction. Dropping it without [`commit`](Self::commit) leaves no change.
    type Tx: Send;

    /// Opens a transaction that reads one snapshot.
    fn begin(&self) -> impl Future<Output = Result<Self::Tx, StoreError>> + Send;

    /// Makes the changes durable on a majority.
    ///
    /// After a [`Transient`](ErrorKind::Transient) fault it is unknown whether they are:
    /// the work must find out when it runs again.
    fn commit(&self, tx: Self::Tx) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes the changes back.
    fn abort(&self, tx: Self::Tx) -> impl Future<Output = ()> + Send;

    /// A wait of at most `bound`, by chance, that lets competing writers part. A simulation
    /// draws it from its seed.
    fn jitter(&self, bound: Duration) -> Duration {
        rand::rng().random_range(Duration::ZERO..=bound)
    }
}

/// What is to be done in one transaction.
///
/// It may run several times, each time on a fresh snapshot, so whatever it keeps in
/// itself it has to begin anew. It must also be right when an earlier run was committed
/// without our knowing: it reads before it writes.
pub trait Work<D: Database>: Send {
    /// What comes out when the transaction is committed.
    type Output: Send;

    /// Reads, decides and writes.
    fn run(
        &mut self,
        tx: &mut D::Tx,
    ) -> impl Future<Output = Result<Self::Output, StoreError>> + Send;
}

/// How often a conflicting unit of work is run before its fault is handed to the caller.
const ATTEMPTS: u32 = 12;
/// After so long a transient fault is handed to the caller at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `work` in a transaction, again from the start after a conflict.
///
/// A conflict is somebody else's progress, so it is tried again soon, with a jitter that
/// lets competing writers part. A transient fault is tried again a few times, for a
/// change of the replica set's primary; one that lasts is for the caller, who knows
/// whether someone is waiting.
pub async fn transact<D: Database, W: Work<D>>(
    database: &D,
    work: &mut W,
) -> Result<W::Output, StoreError> {
    let (mut attempt, began) = (0, Instant::now());
    loop {
        attempt += 1;
        let fault = match once(database, work).await {
            Ok(output) => return Ok(output),
            Err(fault) => fault,
        };
        let patience = match fault.kind() {
            ErrorKind::Conflict => ATTEMPTS,
            ErrorKind::Transient if began.elapsed() < PATIENCE => 3,
            ErrorKind::Transient | ErrorKind::Fenced | ErrorKind::Permanent => return Err(fault),
        };
        if attempt >= patience {
            return Err(fault);
        }
        metrics::counter!("transaction_retries_total").increment(1);
        tracing::debug!(attempt, %fault, "the transaction is retried");
        tokio::time::sleep(database.jitter(bound(attempt))).await;
    }
}

async fn once<D: Database, W: Work<D>>(
    database: &D,
    work: &mut W,
) -> Result<W::Output, StoreError> {
    let mut tx = database.begin().await?;
    match work.run(&mut tx).await {
        Ok(output) => {
            database.commit(tx).await?;
            Ok(output)
        }
        Err(fault) => {
            database.abort(tx).await;
            Err(fault)
        }
    }
}

/// The longest wait after attempt `attempt`: 2, 4, 8 ... at most 256 ms.
fn bound(attempt: u32) -> Duration {
    Duration::from_millis(1 << attempt.min(8))
}
