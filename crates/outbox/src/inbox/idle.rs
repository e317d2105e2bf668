//! What an inbox does while nothing comes.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Inbox;
use crate::checkpoint::InboxStore;
use crate::error::StoreError;
use crate::outbox::OutboxStore;
use crate::source::Source;

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
}

impl<D: InboxStore + OutboxStore, S: Source> Inbox<D, S> {
    /// Begins again when a replay has put one of our checkpoints back.
    ///
    /// A checkpoint that only has another epoch is left alone: its new owner is at work, and
    /// claiming it would take it from them.
    pub(super) async fn look(&mut self, stop: &CancellationToken) {
        let looking = stop.run_until_cancelled(self.is_put_back()).await;
        match looking {
            Some(Ok(true)) => {
                let group = self.subscriptions.group();
                tracing::info!(group, "a checkpoint was rewound; continuing from there");
                self.begin_again(stop).await;
            }
            Some(Err(fault)) => {
                let group = self.subscriptions.group();
                tracing::debug!(group, %fault, "the checkpoints are out of reach");
            }
            Some(Ok(false)) | None => {}
        }
    }

    async fn is_put_back(&mut self) -> Result<bool, StoreError> {
        let group = self.subscriptions.group();
        if self.idle_checks.is_due() {
            self.metrics
                .set_aside(self.database.count_dead_letters(group).await?);
            self.idle_checks.counted = Some(Instant::now());
        }
        let stands = self.database.checkpoints(group).await?;
        Ok(stands.iter().any(|found| {
            let ours = self.claims.get(&found.at);
            ours.is_some_and(|ours| found.next < ours.next)
        }))
    }
}
