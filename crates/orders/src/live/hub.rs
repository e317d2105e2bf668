//! The loop that reads changes and passes them on.

use std::sync::Arc;
use std::time::Duration;

use events::{AccountId, OrderId};
use outbox::StoreError;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::registry::Registry;
use super::{Changes, Feed, Listener, Watch};

/// How long the feed stays open after the last one has left: most come back soon.
const LINGER: Duration = Duration::from_secs(10);
/// How often it is looked whether everyone has left.
const LOOK: Duration = Duration::from_secs(1);
/// How long to wait before a feed that can't be opened is tried again, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Notifies those who wait of changed orders. Clones share one table.
#[derive(Clone, Default)]
pub struct Hub {
    registry: Arc<Registry>,
}

impl Hub {
    /// Waits for `order`. To be called before what makes it change.
    pub fn watch(&self, order: OrderId) -> Watch {
        self.registry.watch(order)
    }

    /// Listens to the orders of `customer`.
    pub fn listen(&self, customer: AccountId) -> Listener {
        self.registry.listen(customer)
    }

    /// Passes on what `feed` says until `stop`. The feed is open only while somebody waits.
    pub async fn run<F: Feed>(&self, feed: F, stop: CancellationToken) {
        stop.run_until_cancelled(self.pass_on(&feed)).await;
        self.registry.end();
    }

    async fn pass_on<F: Feed>(&self, feed: &F) {
        let mut pause = RETRY.0;
        let mut interrupted = false;
        loop {
            while self.registry.is_empty() {
                self.registry.joined.notified().await;
            }
            match self.while_wanted(feed, interrupted).await {
                Ok(()) => {
                    interrupted = false;
                    pause = RETRY.0;
                }
                Err(fault) => {
                    tracing::warn!(%fault, "live updates are interrupted; opening them again");
                    metrics::counter!("order_changes_interrupted_total").increment(1);
                    self.registry.interrupt();
                    interrupted = true;
                    sleep(pause).await;
                    pause = (pause * 2).min(RETRY.1);
                }
            }
        }
    }

    async fn while_wanted<F: Feed>(&self, feed: &F, interrupted: bool) -> Result<(), StoreError> {
        let mut changes = feed.open().await?;
        self.registry.open.send_replace(Some(true));
        if interrupted {
            // What was settled in between nobody has told.
            self.tell(feed, &self.registry.watched()).await?;
        }
        let mut left_at: Option<Instant> = None;
        loop {
            let came = tokio::time::timeout(LOOK, changes.next()).await;
            if let Ok(came) = came {
                let wanted = self.registry.wanted(&came?);
                let ids: Vec<OrderId> = wanted.keys().copied().collect();
                if !ids.is_empty() {
                    for order in feed.orders(&ids).await? {
                        let at = wanted.get(&order.id).copied();
                        self.registry.tell(order, at);
                    }
                }
            }
            if !self.registry.is_empty() {
                left_at = None;
                continue;
            }
            let left = *left_at.get_or_insert_with(Instant::now);
            if left.elapsed() >= LINGER && self.registry.close_if_empty() {
                return Ok(());
            }
        }
    }

    async fn tell<F: Feed>(&self, feed: &F, ids: &[OrderId]) -> Result<(), StoreError> {
        if !ids.is_empty() {
            for order in feed.orders(ids).await? {
                self.registry.tell(order, None);
            }
        }
        Ok(())
    }
}
