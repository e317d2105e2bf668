//! How instances notify the one that publishes that there is something in the outbox.
//!
//! A capped collection that the publishing instance follows with a tailable cursor, and to
//! which the others add a few bytes after a commit. A change stream on the outbox would need
//! no such writes, but has the server take apart every transaction of the whole server, and
//! costs more than the reading and writing of the outbox itself. A notification that is lost does no
//! harm: the relay looks at the table once a second in any case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bson::{DateTime, Document, doc};
use futures::TryStreamExt;
use mongodb::options::{Acknowledgment, CursorType, ReadConcern, WriteConcern};
use mongodb::{Collection, Cursor, Database};
use tokio::sync::Mutex;

use super::fault::{fault, unless_there};
use super::timeout::{TIMEOUT, WithTimeout, outcome};
use crate::error::StoreError;

const NOTIFICATIONS: &str = "outbox_bell";
/// The collection's size in bytes; nobody reads what is older than a moment.
const SIZE: u64 = 64 * 1024;
/// How long the server holds a question that has no answer yet.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so long without a notification the collection is followed anew.
const QUIET: Duration = Duration::from_secs(30);

/// This process's part of the notifications.
#[derive(Clone, Default)]
pub(super) struct Notifier {
    /// The relay of this process has the lease: it is notified of our commits in memory.
    ours: Arc<AtomicBool>,
    following: Arc<Mutex<Option<Cursor<Document>>>>,
}

impl Notifier {
    pub(super) fn publishes_here(&self, ours: bool) {
        self.ours.store(ours, Ordering::Release);
    }

    pub(super) async fn prepare(&self, database: &Database) -> Result<(), StoreError> {
        let made = database
            .create_collection(NOTIFICATIONS)
            .capped(true)
            .size(SIZE);
        unless_there(outcome(TIMEOUT, made).await?)?;
        // A cursor can only follow a collection that has something in it.
        notifications(database)
            .insert_one(notification())
            .with_timeout()
            .await
            .map(drop)
    }

    /// Notifies the instance that publishes, unless it is this one. Nobody waits for it.
    pub(super) fn notify(&self, database: &Database) {
        if self.ours.load(Ordering::Acquire) {
            return;
        }
        let notifications = notifications(database);
        tokio::spawn(async move {
            let at_once = WriteConcern::builder().w(Acknowledgment::Nodes(1)).build();
            let notified = notifications
                .insert_one(notification())
                .write_concern(at_once)
                .with_timeout()
                .await;
            if let Err(error) = notified {
                tracing::debug!(%error, "the notification was not sent; the relay polls anyway");
            }
        });
    }

    /// Returns once notified; at first also for old notifications. Leaving those
    /// out would take a time to compare with, and the clocks of instances differ.
    pub(super) async fn notified(&self, database: &Database) -> Result<(), StoreError> {
        let mut following = self.following.lock().await;
        let Some(cursor) = following.as_mut() else {
            let cursor = notifications(database)
                .find(doc! {})
                .cursor_type(CursorType::TailableAwait)
                .max_await_time(PATIENCE)
                .read_concern(ReadConcern::local())
                .with_timeout()
                .await?;
            *following = Some(cursor);
            // Whatever was written before is in the table.
            return Ok(());
        };
        let notified = outcome(QUIET, cursor.try_next()).await;
        if !matches!(notified, Ok(Ok(Some(_)))) {
            // It ended, broke, or said nothing, and then its connection may be silent: followed anew
            // the next time.
            *following = None;
        }
        match notified {
            Ok(Err(error)) => Err(fault(error)),
            _ => Ok(()),
        }
    }
}

fn notifications(database: &Database) -> Collection<Document> {
    database.collection(NOTIFICATIONS)
}

fn notification() -> Document {
    doc! { "at": DateTime::now() }
}
