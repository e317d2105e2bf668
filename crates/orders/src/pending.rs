//! How many orders wait, and how long the oldest has: the first thing to look at when something
//! is slow, whatever it is.
//!
//! | metric | what it says |
//! |---|---|
//! | `orders_pending` | how many orders are PENDING |
//! | `orders_oldest_pending_seconds` | for how long the oldest of them has been; 0 when there is none |
//!
//! Every instance says the same of the one database, so a dashboard takes the maximum.
//! `quadrille stuck` then names the orders and what each waits for.

use std::sync::Arc;
use std::time::Duration;

use outbox::{Clock, StoreError};
use tokio_util::sync::CancellationToken;

use crate::metrics::describe_waiting;
use crate::store::MongoOrders;

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Measures until `stop`. A database that is away leaves the last values in place.
pub(crate) async fn measure(orders: MongoOrders, clock: Arc<dyn Clock>, stop: CancellationToken) {
    describe_waiting();
    let count = metrics::gauge!("orders_pending");
    let oldest = metrics::gauge!("orders_oldest_pending_seconds");
    loop {
        match look(&orders, clock.as_ref()).await {
            Ok((pending, age)) => {
                #[expect(clippy::cast_precision_loss, reason = "a count for a chart")]
                count.set(pending as f64);
                oldest.set(age);
            }
            Err(fault) => tracing::debug!(%fault, "pending orders are not counted"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// The number of PENDING orders, and the age of the oldest in seconds.
async fn look(orders: &MongoOrders, clock: &dyn Clock) -> Result<(u64, f64), StoreError> {
    let pending = orders.pending_count().await?;
    let age = orders.oldest_pending().await?.map_or(0.0, |oldest| {
        let age = clock.now().duration_since(oldest.placed_at);
        age.as_secs_f64().max(0.0)
    });
    Ok((pending, age))
}
