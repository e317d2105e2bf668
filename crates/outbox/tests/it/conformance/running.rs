//! Relays and inboxes at work in the background.

use std::sync::Arc;
use std::time::Duration;

use outbox::inbox::InboxError;
use outbox::jobs::JobSettings;
use outbox::{
    Inbox, InboxSettings, JobRunner, JobStore, Jobs, Publisher, Relay, RelaySettings, Source,
    Subscriptions, SystemClock,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::ledger::{Book, Deposited, Ledger};
use super::rig::GROUP;

/// Something that works until it is stopped.
pub(crate) struct Running<T> {
    stop: CancellationToken,
    task: JoinHandle<T>,
}

impl<T> Running<T> {
    /// Tells it to stop.
    pub(crate) fn cancel(&self) {
        self.stop.cancel();
    }

    /// Stops it and waits for its end.
    pub(crate) async fn stop(self) -> T {
        self.stop.cancel();
        self.end().await
    }

    /// Waits until it ends by itself, or was told to.
    pub(crate) async fn end(self) -> T {
        tokio::time::timeout(Duration::from_secs(30), self.task)
            .await
            .expect("it ends in time")
            .expect("it does not panic")
    }
}

/// A relay of the one shard of all cases, with a short lease.
pub(crate) fn relay<D: Ledger>(database: &D, publisher: impl Publisher) -> Running<()> {
    let settings = RelaySettings {
        lease: Duration::from_millis(1500),
        ..RelaySettings::default()
    };
    let clock = Arc::new(SystemClock);
    let relay = Relay::new(database.clone(), publisher, "shard", clock, settings);
    let stop = CancellationToken::new();
    let task = tokio::spawn(relay.run(stop.clone()));
    Running { stop, task }
}

/// An inbox that gives deposits to `handler`.
pub(crate) fn inbox<D: Ledger>(
    database: &D,
    source: impl Source,
    handler: Book<D>,
) -> Running<Result<(), InboxError>> {
    let settings = InboxSettings {
        max_backoff: Duration::from_millis(400),
        linger: Duration::from_millis(20),
        ..InboxSettings::default()
    };
    let subscriptions = Subscriptions::new(GROUP).on::<Deposited, _>(handler);
    let clock = Arc::new(SystemClock);
    let inbox = Inbox::new(
        database.clone(),
        source,
        subscriptions,
        GROUP,
        clock,
        settings,
    );
    let stop = CancellationToken::new();
    let task = tokio::spawn(inbox.run(stop.clone()));
    Running { stop, task }
}

/// A runner of `registered`.
pub(crate) fn jobs<D: Ledger + JobStore>(
    database: &D,
    registered: Jobs<D>,
    settings: JobSettings,
) -> Running<()> {
    let clock = Arc::new(SystemClock);
    let runner = JobRunner::new(database.clone(), registered, clock, settings);
    let runner = runner.expect("each name is registered once");
    let stop = CancellationToken::new();
    let task = tokio::spawn(runner.run(stop.clone()));
    Running { stop, task }
}
