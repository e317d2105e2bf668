//! A database that is being restored is marked as such until the restore is complete.
//!
//! A restore puts back table after table and may be cut off between any two. What is there then are
//! tables of different moments, and no service can tell them from a whole database, nor make one of
//! them: a table that is missing looks like one that nothing was ever written to. So whoever restores
//! writes a mark first of all and removes it last of all, and nobody works on a database that has it.
//!
//! A service looks when it starts, and opens no transaction before it has seen its database whole; one
//! that waits goes on by itself. A service that runs does not look again: it has to be ended before its
//! database is restored (see [`recovery`](crate::recovery)).

use std::fmt;

use bson::{DateTime, Document, doc};

use super::database::MongoDatabase;
use super::timeout::WithTimeout;
use crate::error::StoreError;

/// The collection of the mark. It is about this database, so no backup holds it.
pub const RESTORING: &str = "restoring";

/// That a restore is under way or was cut off; as text, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoring {
    database: String,
    since: String,
    again: String,
}

impl fmt::Display for Restoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            database,
            since,
            again,
        } = self;
        write!(
            f,
            "the database {database} has been in restore since {since}, or a restore was interrupted \
             and has to be repeated: {again}"
        )
    }
}

impl MongoDatabase {
    /// Marks the database as one that is not whole, before the first change of a restore. `again` is
    /// the command that begins anew, for who finds the mark of a restore that was cut off.
    ///
    /// # Errors
    /// When the database is away or refuses; nothing may then be changed.
    pub async fn begin_restoring(&self, again: &str) -> Result<(), StoreError> {
        let mark = doc! { "since": DateTime::now(), "again": again };
        self.mark()
            .replace_one(doc! { "_id": "restore" }, mark)
            .upsert(true)
            .with_timeout()
            .await
            .map(drop)
    }

    /// Takes the mark away, after the last change of a restore.
    ///
    /// # Errors
    /// When the database is away or refuses; it then still counts as not whole.
    pub async fn restored(&self) -> Result<(), StoreError> {
        self.mark().drop().with_timeout().await
    }

    /// The restore that is not finished, if there is one.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn restoring(&self) -> Result<Option<Restoring>, StoreError> {
        let mark = self.mark().find_one(doc! {}).with_timeout().await?;
        // Whatever else it says, that it is there is what counts.
        Ok(mark.map(|mark| {
            let since = mark.get_datetime("since").ok();
            let since = since.and_then(|since| since.try_to_rfc3339_string().ok());
            Restoring {
                database: self.database().name().to_owned(),
                since: since.unwrap_or_else(|| "some time".to_owned()),
                again: mark.get_str("again").unwrap_or("restore it").to_owned(),
            }
        }))
    }

    /// That no restore of the database is under way or was cut off.
    ///
    /// # Errors
    /// Transient, with the text of [`Restoring`], when one is; or when the database is away.
    pub async fn whole(&self) -> Result<(), StoreError> {
        let restoring = self.restoring().await?;
        restoring.map_or(Ok(()), |found| {
            Err(StoreError::transient(found.to_string()))
        })
    }

    /// From now on no clone opens a transaction before the database was seen to be whole, once.
    pub(crate) fn require_restore_check(&self) {
        self.restore_check.require(true);
    }

    /// Looks, if it is in doubt, whether the database is whole.
    ///
    /// # Errors
    /// As [`whole`](Self::whole).
    pub(super) async fn check_restore(&self) -> Result<(), StoreError> {
        if self.restore_check.is_required() {
            self.whole().await?;
            self.restore_check.require(false);
        }
        Ok(())
    }

    fn mark(&self) -> mongodb::Collection<Document> {
        self.database().collection(RESTORING)
    }
}
