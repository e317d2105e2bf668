//! A time limit on every operation.
//!
//! A connection may stay open and silent, and a server may answer the driver's heartbeats while its
//! operations hang. The driver has no limit for either, and whoever waits would wait for ever. An
//! operation that is given up is a transient fault, and its connection is closed.

use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use mongodb::error::Error;
use mongodb::{ClientSession, Cursor, SessionCursor};
use serde::de::DeserializeOwned;

use super::fault::fault;
use crate::error::StoreError;

/// For one command, or the next batch of a cursor.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// For what goes through a whole collection.
const LONG: Duration = Duration::from_secs(600);

/// Runs an operation of the driver for a limited time. The only way to one for a store.
pub trait WithTimeout<T>: IntoFuture<Output = Result<T, Error>, IntoFuture: Send> + Sized {
    /// Gives the operation 10 seconds.
    ///
    /// # Errors
    /// The operation's own error, or a transient one.
    fn with_timeout(self) -> impl Future<Output = Result<T, StoreError>> + Send {
        within(TIMEOUT, self.into_future())
    }

    /// Gives the operation 10 minutes, for what goes through a whole collection: an index is made, an
    /// audit reads all.
    ///
    /// # Errors
    /// As for [`with_timeout`](Self::with_timeout).
    fn with_long_timeout(self) -> impl Future<Output = Result<T, StoreError>> + Send {
        within(LONG, self.into_future())
    }
}

impl<T, O: IntoFuture<Output = Result<T, Error>, IntoFuture: Send>> WithTimeout<T> for O {}

async fn within<T>(
    limit: Duration,
    operation: impl Future<Output = Result<T, Error>> + Send,
) -> Result<T, StoreError> {
    outcome(limit, operation).await?.map_err(fault)
}

/// The outcome with the driver's own error, for who has to look at it.
///
/// # Errors
/// A transient one when there is none within `limit`.
pub(super) async fn outcome<T>(
    limit: Duration,
    operation: impl IntoFuture<Output = Result<T, Error>>,
) -> Result<Result<T, Error>, StoreError> {
    let seconds = limit.as_secs();
    tokio::time::timeout(limit, operation)
        .await
        .map_err(|_| StoreError::transient(format!("MongoDB has not answered for {seconds} s")))
}

/// The next document of a cursor that belongs to a session.
pub(super) async fn next<T: DeserializeOwned + Send + Sync>(
    cursor: &mut SessionCursor<T>,
    session: &mut ClientSession,
) -> Result<Option<T>, StoreError> {
    cursor.stream(session).try_next().with_timeout().await
}

/// The documents that a cursor finds, with 10 seconds for each batch of them.
pub fn documents<T: DeserializeOwned + Send + Sync + Unpin + 'static>(
    cursor: Cursor<T>,
) -> BoxStream<'static, Result<T, StoreError>> {
    let next = |mut cursor: Cursor<T>| async move {
        let found = cursor.try_next().with_timeout().await?;
        Ok(found.map(|document| (document, cursor)))
    };
    stream::try_unfold(cursor, next).boxed()
}
