//! The copies of one type without the type, for programs that go through all of them.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;

use bson::{Document, RawDocument, doc};
use mongodb::IndexModel;
use outbox::handler::decode;
use outbox::mongo::{MongoDatabase, fault};
use outbox::{Event, Record, StoreError};
use uuid::Uuid;

use crate::mongo::{document, read};
use crate::{Replica, Versioned};

/// What a service keeps of another's states, and which events say so.
#[derive(Clone)]
pub struct LocalCopy {
    /// What one is a copy of, such as `product`.
    pub of: &'static str,
    /// The collection that holds them.
    pub collection: &'static str,
    /// The owner's topic.
    pub topic: &'static str,
    indexes: &'static [&'static str],
    feeds: Vec<Feed>,
    pub(crate) read: fn(&RawDocument) -> Result<Entry, StoreError>,
    text: fn(&[u8]) -> Result<String, StoreError>,
}

/// An event that carries a state.
#[derive(Clone, Copy)]
struct Feed {
    event: &'static str,
    decode: fn(&Record) -> Option<(Uuid, Entry)>,
    state: fn(&dyn Any) -> Option<(Uuid, Entry)>,
}

/// A copy without its type and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) version: u64,
    /// What is kept, as BSON. It is always made from the type, so that equal ones have equal bytes.
    pub(crate) state: Vec<u8>,
}

/// The newest state of each id, whatever order they came in.
#[derive(Debug, Clone, Default)]
pub struct Newest(pub(crate) BTreeMap<Uuid, Entry>);

impl LocalCopy {
    /// The copies of the type `R` that events of type `E` say.
    pub fn new<E: Event, R>() -> Self
    where
        R: Replica + for<'e> From<&'e E>,
    {
        let feed = Feed {
            event: E::TYPE,
            decode: |record| {
                let read = record.is::<E>().then(|| decode::<E>(record).ok());
                entry::<R>(&Versioned::of(&read??.event).ok()?).ok()
            },
            state: |event| entry::<R>(&Versioned::of(event.downcast_ref::<E>()?).ok()?).ok(),
        };
        Self {
            of: R::OF,
            collection: R::COLLECTION,
            topic: E::TOPIC,
            indexes: R::INDEXES,
            feeds: vec![feed],
            read: |stored| entry::<R>(&read(stored)?).map(|(_, entry)| entry),
            text: |state| {
                let state = bson::deserialize_from_slice::<R>(state);
                Ok(state.map_err(StoreError::permanent)?.to_string())
            },
        }
    }

    /// Adds the events of `other`, which says the same copies.
    pub fn merge(&mut self, other: Self) {
        self.feeds.extend(other.feeds);
    }

    /// Makes the collection and its indexes. Doing it again changes nothing.
    ///
    /// # Errors
    /// When MongoDB is out of reach, or refuses.
    pub async fn prepare(&self, database: &MongoDatabase) -> Result<(), StoreError> {
        database.create_collection(self.collection).await?;
        let copies = database.database().collection::<Document>(self.collection);
        for field in self.indexes {
            let index = IndexModel::builder().keys(doc! { *field: 1 }).build();
            copies.create_index(index).await.map_err(fault)?;
        }
        Ok(())
    }

    /// Takes over what `record` says, if it is newer. What can't be read is passed over: the service
    /// dead-letters it.
    pub fn take_record(&self, newest: &mut Newest, record: &Record) {
        if record.at.topic == self.topic {
            newest.take(self.feeds.iter().find_map(|feed| (feed.decode)(record)));
        }
    }

    /// Takes over what `event` says, if it is newer and these are copies of such.
    pub fn take_event<E: Event>(&self, newest: &mut Newest, event: &E) {
        let feed = self.feeds.iter().find(|feed| feed.event == E::TYPE);
        newest.take(feed.and_then(|feed| (feed.state)(event)));
    }

    /// Whether events of type `E` say these copies.
    pub fn is_fed_by<E: Event>(&self) -> bool {
        E::TOPIC == self.topic && self.feeds.iter().any(|feed| feed.event == E::TYPE)
    }

    /// As operators are shown it.
    pub(crate) fn text(&self, entry: &Entry) -> String {
        let state = (self.text)(&entry.state).unwrap_or_else(|fault| fault.to_string());
        format!("{state} at version {}", entry.version)
    }
}

impl fmt::Debug for LocalCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.collection)
    }
}

impl Entry {
    /// What its document has besides `_id`.
    pub(crate) fn document(&self) -> Result<Document, StoreError> {
        let state = bson::deserialize_from_slice(&self.state).map_err(StoreError::permanent)?;
        Ok(document(state, self.version))
    }
}

impl Newest {
    fn take(&mut self, entry: Option<(Uuid, Entry)>) {
        if let Some((id, entry)) = entry
            && self
                .0
                .get(&id)
                .is_none_or(|known| known.version < entry.version)
        {
            self.0.insert(id, entry);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn entry<R: Replica>(copy: &Versioned<R>) -> Result<(Uuid, Entry), StoreError> {
    let state = bson::serialize_to_vec(&copy.state).map_err(StoreError::permanent)?;
    let version = copy.version;
    Ok((copy.id, Entry { version, state }))
}
