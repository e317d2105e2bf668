//! What an inbox does while nothing comes.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::metrics::InboxMetrics;
use super::store::InboxStore;
use crate::checkpoint::{Claim, TopicPartition};
use crate::error::StoreError;

/// How long nothing has to come before an inbox looks at its checkpoints. A busy one needs
/// not look: it is fenced when it moves them.
pub(super) const IDLE: Duration = Duration::from_millis(500);
/// How often what is set aside is counted.
const COUNT: Duration = Duration::from_secs(5);

/// When the next count is due.
#[derive(Default)]
pub(super) struct IdleChecks {
    counted: Option<Instant>,
}

impl IdleChecks {
    /// Something was set aside.
    pub(super) fn count_soon(&mut self) {
        self.counted = None;
    }

    fn is_due(&self) -> bool {
        self.counted.is_none_or(|last| last.elapsed() >= COUNT)
    }

    /// Whether a checkpoint of `claims` was put back. Counts what is set aside when that is due.
    pub(super) async fn is_put_back<D: InboxStore>(
        &mut self,
        database: &D,
        group: &str,
        claims: &HashMap<TopicPartition, Claim>,
        metrics: &InboxMetrics,
    ) -> Result<bool, StoreError> {
        if self.is_due() {
            metrics.set_aside(database.count_dead_letters(group).await?);
            self.counted = Some(Instant::now());
        }
        let stands = database.checkpoints(group).await?;
        Ok(stands.iter().any(|found| {
            let ours = claims.get(&found.at);
            ours.is_some_and(|ours| found.next < ours.next)
        }))
    }
}
