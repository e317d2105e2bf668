//! Copies compared with what their owner says, and made equal to it.

use std::collections::{BTreeMap, HashSet};

use bson::{Document, RawDocumentBuf, doc};
use outbox::mongo::{MongoDatabase, MongoTx, fault};
use outbox::{Database, ErrorKind, StoreError, Work, transact};
use uuid::Uuid;

use crate::local_copy::{Entry, LocalCopy, Newest};

/// The most statements in one command.
const CHUNK: usize = 1_000;

/// A thing whose live copy is not what its owner says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Whose state it is.
    pub id: Uuid,
    live: Live,
    /// What the owner says; `None` when it does not know the thing.
    owner: Option<Entry>,
}

/// What there is of a live copy.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Live {
    Missing,
    Unreadable(String),
    Copy(Entry),
}

/// What a swap came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swapped {
    /// Differences that are no more.
    pub taken: Vec<Difference>,
    /// Differences that were left because they go back.
    pub left: Vec<Difference>,
}

impl Difference {
    /// Whether taking over what the owner says would take the copy back to an older version, or away.
    pub fn goes_back(&self) -> bool {
        match (&self.live, &self.owner) {
            (Live::Copy(live), Some(owner)) => live.version > owner.version,
            (Live::Copy(_) | Live::Unreadable(_), None) => true,
            (Live::Missing | Live::Unreadable(_), _) => false,
        }
    }

    /// Whether the same copy was found in the same state. What its owner says of it may have
    /// changed: a service that had consumed that would have written the copy anew.
    pub fn is_unchanged_in(&self, earlier: &[Self]) -> bool {
        let same = |earlier: &Self| (earlier.id, &earlier.live) == (self.id, &self.live);
        earlier.iter().any(same)
    }

    /// Why the live copy can't be read, if it can't be.
    pub fn damage(&self) -> Option<&str> {
        match &self.live {
            Live::Unreadable(fault) => Some(fault),
            _ => None,
        }
    }

    /// What is live, and what the owner says, as operators are shown it.
    pub fn texts(&self, copy: &LocalCopy) -> (String, String) {
        let text = |entry: Option<&Entry>| {
            entry.map_or_else(|| "nothing".to_owned(), |entry| copy.text(entry))
        };
        let live = match &self.live {
            Live::Missing => text(None),
            Live::Unreadable(_) => "a document that can't be read".to_owned(),
            Live::Copy(entry) => text(Some(entry)),
        };
        (live, text(self.owner.as_ref()))
    }
}

impl LocalCopy {
    /// Every thing whose live copy in `database` is another one than `owner` says, by id.
    ///
    /// # Errors
    /// A store error, permanent when a document has no id. Other damage is a difference.
    pub async fn compare(
        &self,
        database: &MongoDatabase,
        owner: &Newest,
    ) -> Result<Vec<Difference>, StoreError> {
        let mut tx = database.begin().await?;
        let found = self.differences(&mut tx, owner).await;
        database.abort(tx).await;
        found
    }

    /// Makes the live copies of `service` what `owner` says, which was read from the owner's topic.
    ///
    /// What would [go back](Difference::goes_back) is left alone, unless it is one of `back`: a
    /// running service may have consumed more meanwhile. So read on to where the service is and
    /// swap again; a difference that is still the same one then does not come from the topic.
    ///
    /// One transaction with the checkpoints of the topic, whose epochs rise: a running inbox is
    /// fenced, claims again and goes on from its checkpoint, and the guard makes a record that
    /// comes again harmless.
    ///
    /// # Errors
    /// As those of [`compare`](Self::compare); nothing is changed then.
    pub async fn swap(
        &self,
        database: &MongoDatabase,
        service: &str,
        owner: &Newest,
        back: &[Difference],
    ) -> Result<Swapped, StoreError> {
        let mut work = Swapping {
            copy: self,
            database,
            service,
            owner,
            back,
        };
        let found = work.sort(self.compare(database, owner).await?);
        if found.taken.is_empty() {
            // No inbox is disturbed for nothing.
            return Ok(found);
        }
        transact(database, &mut work).await
    }

    async fn differences(
        &self,
        tx: &mut MongoTx,
        owner: &Newest,
    ) -> Result<Vec<Difference>, StoreError> {
        let (mut found, mut seen) = (BTreeMap::new(), HashSet::new());
        for stored in tx
            .find::<RawDocumentBuf>(self.collection, doc! {}, None)
            .await?
        {
            let id = stored.get_binary("_id").ok();
            let id = id
                .and_then(|id| Uuid::from_slice(id.bytes).ok())
                .ok_or_else(|| {
                    let what = format!("{} holds {stored:?}, without an id", self.collection);
                    StoreError::permanent(what)
                })?;
            let live = match (self.read)(&stored) {
                Ok(entry) => Live::Copy(entry),
                // Damage is what a rebuild is for: it must not stop it.
                Err(fault) if fault.kind() == ErrorKind::Permanent => {
                    Live::Unreadable(fault.to_string())
                }
                Err(fault) => return Err(fault),
            };
            let owner = owner.0.get(&id);
            seen.insert(id);
            if !matches!((&live, owner), (Live::Copy(live), Some(owner)) if live == owner) {
                let owner = owner.cloned();
                found.insert(id, Difference { id, live, owner });
            }
        }
        let missing = owner.0.iter().filter(|(id, _)| !seen.contains(id));
        found.extend(missing.map(|(id, entry)| {
            let (id, live, owner) = (*id, Live::Missing, Some(entry.clone()));
            (id, Difference { id, live, owner })
        }));
        Ok(found.into_values().collect())
    }
}

struct Swapping<'a> {
    copy: &'a LocalCopy,
    database: &'a MongoDatabase,
    service: &'a str,
    owner: &'a Newest,
    back: &'a [Difference],
}

impl Swapping<'_> {
    /// What is to be taken over of what was found, and what is to be left.
    fn sort(&self, found: Vec<Difference>) -> Swapped {
        let (left, taken) = found
            .into_iter()
            .partition(|found| found.goes_back() && !self.back.contains(found));
        Swapped { taken, left }
    }
}

impl Work<MongoDatabase> for Swapping<'_> {
    type Output = Swapped;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<Swapped, StoreError> {
        // First of all: what the inbox moves between this transaction's first look and this line would be
        // a conflict, and a busy one moves its checkpoints all the time.
        self.database
            .fence(tx, self.service, self.copy.topic)
            .await?;
        let swapped = self.sort(self.copy.differences(tx, self.owner).await?);
        let (mut puts, mut gone) = (Vec::new(), Vec::new());
        for difference in &swapped.taken {
            let id = bson::Uuid::from(difference.id);
            match &difference.owner {
                Some(owner) => {
                    puts.push(doc! { "q": { "_id": id }, "u": owner.document()?, "upsert": true });
                }
                None => gone.push(id),
            }
        }
        for chunk in puts.chunks(CHUNK) {
            tx.update(self.copy.collection, chunk.to_vec()).await?;
        }
        if !gone.is_empty() {
            let live = self.database.database();
            live.collection::<Document>(self.copy.collection)
                .delete_many(doc! { "_id": { "$in": gone } })
                .session(&mut tx.session)
                .await
                .map_err(fault)?;
        }
        Ok(swapped)
    }
}
