//! Wakes whoever looks at a table, after a commit of this process.

use std::sync::Arc;

use tokio::sync::Notify;

/// Wakes the relay after a commit: there is something in the outbox.
#[derive(Debug, Clone, Default)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Wakes it. A relay that is busy looks when it is done.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Returns once it has been woken.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}
