//! Copies compared with what their owner says, and made equal to it.

use std::collections::{BTreeMap, HashSet};

use bson::{Document, RawDocumentBuf, doc};
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};
use outbox::{Database, StoreError, Work, transact};
use uuid::Uuid;

use crate::local_copy::{Entry, LocalCopy, Newest};

/// The most statements in one command.
const CHUNK: usize = 1_000;

/// A thing whose live copy is not what its owner says.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Whose state it is.
    pub id: Uuid,
    /// What is live.
    pub live: String,
    /// What the owner says.
    pub owner: String,
    /// Whether taking that over would take the copy back to an older version, or away.
    pub goes_back: bool,
    /// Why what is live can't be read, if it can't be.
    pub damage: Option<String>,
    document: Option<Document>,
}

/// What a swap took over, and what it left because it goes back.
pub type Swapped = (Vec<Difference>, Vec<Difference>);

impl Difference {
    fn new(id: Uuid, live: Result<Option<&Entry>, String>, owner: Option<&Entry>) -> Self {
        let text = |entry: Option<&Entry>| entry.map_or("nothing".to_owned(), Entry::to_string);
        let version = live
            .as_ref()
            .map_or(None, |live| live.map(|live| live.version));
        let goes_back = owner.is_none_or(|owner| version > Some(owner.version));
        let (live, damage) = match live {
            Ok(live) => (text(live), None),
            Err(damage) => ("a document that can't be read".to_owned(), Some(damage)),
        };
        Self {
            id,
            live,
            owner: text(owner),
            goes_back,
            damage,
            document: owner.map(|owner| owner.document.clone()),
        }
    }

    /// Whether the same copy was found in the same state. What its owner says of it may have
    /// changed: a service that had consumed that would have written the copy anew.
    pub fn is_unchanged_in(&self, earlier: &[Self]) -> bool {
        let same = |earlier: &Self| (earlier.id, &earlier.live) == (self.id, &self.live);
        earlier.iter().any(same)
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
    /// Those of [`compare`](Self::compare); nothing is changed then.
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
        if found.0.is_empty() {
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
        let all = tx.find::<RawDocumentBuf>(self.collection, doc! {}, None);
        for stored in all.await? {
            let id = stored
                .get_binary("_id")
                .map(|id| Uuid::from_slice(id.bytes));
            let Ok(Ok(id)) = id else {
                let what = format!("{} holds {stored:?}, without an id", self.collection);
                return Err(StoreError::permanent(what));
            };
            seen.insert(id);
            let owner = owner.get(&id);
            // Damage is what a rebuild is for: it must not stop it.
            let live = (self.read)(&stored);
            if live.as_ref().ok() != owner || owner.is_none() {
                let live = live.as_ref().map(Some).map_err(ToString::to_string);
                found.insert(id, Difference::new(id, live, owner));
            }
        }
        let missing = owner.iter().filter(|(id, _)| !seen.contains(id));
        let missing = missing.map(|(id, owner)| (*id, Difference::new(*id, Ok(None), Some(owner))));
        found.extend(missing);
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
    fn sort(&self, found: Vec<Difference>) -> Swapped {
        let taken = |found: &Difference| !found.goes_back || self.back.contains(found);
        found.into_iter().partition(taken)
    }
}

impl Work<MongoDatabase> for Swapping<'_> {
    type Output = Swapped;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<Swapped, StoreError> {
        // First of all: what the inbox moves between this transaction's first look and this line would be
        // a conflict, and a busy one moves its checkpoints all the time.
        let (copy, database) = (self.copy, self.database);
        database.fence(tx, self.service, copy.topic).await?;
        let swapped = self.sort(copy.differences(tx, self.owner).await?);
        let (mut puts, mut gone) = (Vec::new(), Vec::new());
        for difference in &swapped.0 {
            let id = bson::Uuid::from(difference.id);
            match &difference.document {
                Some(owner) => puts.push(doc! { "q": { "_id": id }, "u": owner, "upsert": true }),
                None => gone.push(id),
            }
        }
        for chunk in puts.chunks(CHUNK) {
            tx.update(copy.collection, chunk.to_vec()).await?;
        }
        if !gone.is_empty() {
            let live = database.database().collection::<Document>(copy.collection);
            live.delete_many(doc! { "_id": { "$in": gone } })
                .session(&mut tx.session)
                .with_long_timeout()
                .await?;
        }
        Ok(swapped)
    }
}
