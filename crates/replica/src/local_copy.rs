//! The copies of one type without the type, for programs that go through all of them.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;

use bson::{Document, RawDocument};
use outbox::handler::decode;
use outbox::{Collection, Event, Index, Record, StoreError};
use uuid::Uuid;

use crate::mongo::{document, read};
use crate::{MadeFrom, Replica, Versioned};

/// What a service keeps of another's states, and which events say so.
#[derive(Debug, Clone)]
pub struct LocalCopy {
    /// What one is a copy of, such as `product`.
    pub of: &'static str,
    /// The collection that holds them.
    pub collection: &'static str,
    /// The owner's topic.
    pub topic: &'static str,
    replica: TypeId,
    indexes: &'static [Index],
    feeds: Vec<Feed>,
    pub(crate) read: fn(&RawDocument) -> Result<Entry, StoreError>,
}

/// How an event that carries a state is read.
#[derive(Debug, Clone, Copy)]
struct Feed {
    record: fn(&Record) -> Option<(Uuid, Entry)>,
    event: fn(&dyn Any) -> Option<(Uuid, Entry)>,
}

/// A copy without its type and its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub(crate) version: u64,
    text: String,
    /// What its document has besides `_id`, always made from the type, so that equals are equal.
    pub(crate) document: Document,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at version {}", self.text, self.version)
    }
}

/// The newest state of each id that an owner has told of.
pub type Newest = BTreeMap<Uuid, Entry>;

impl LocalCopy {
    /// The copies of the type `R` that are made from events of type `E`.
    pub fn new<E: Event, R: MadeFrom<E>>() -> Self {
        let feed = Feed {
            record: |record| {
                let read = record.is::<E>().then(|| decode::<E>(record).ok());
                entry::<R>(Versioned::of(&read??.event)).ok()
            },
            event: |event| entry::<R>(Versioned::of(event.downcast_ref::<E>()?)).ok(),
        };
        Self {
            of: R::OF,
            collection: R::COLLECTION,
            topic: E::TOPIC,
            replica: TypeId::of::<R>(),
            indexes: R::INDEXES,
            feeds: vec![feed],
            read: |stored| entry::<R>(read(stored)).map(|(_, entry)| entry),
        }
    }

    /// Whether `other` are the same copies, of one type and one owner, made from the same or other events.
    pub fn is_same(&self, other: &Self) -> bool {
        self.replica == other.replica && self.topic == other.topic
    }

    /// Adds the events of `other`, from which [the same](Self::is_same) copies are made.
    pub fn merge(&mut self, other: Self) {
        self.feeds.extend(other.feeds);
    }

    /// The collection as it is declared.
    pub fn table(&self) -> Collection {
        Collection::new(self.collection, self.indexes)
    }

    /// Takes over what `record` says, if it is newer. What can't be read is passed over: the service
    /// dead-letters it.
    pub fn take_record(&self, newest: &mut Newest, record: &Record) {
        if record.at.topic == self.topic {
            let says = self.feeds.iter().find_map(|feed| (feed.record)(record));
            take(newest, says);
        }
    }

    /// Takes over what `event` says, if it is newer; `false` when no copy is made from it.
    pub fn take_event(&self, newest: &mut Newest, event: &impl Event) -> bool {
        let says = self.feeds.iter().find_map(|feed| (feed.event)(event));
        take(newest, says)
    }
}

fn take(newest: &mut Newest, says: Option<(Uuid, Entry)>) -> bool {
    let Some((id, entry)) = says else {
        return false;
    };
    let known = newest.get(&id).map(|known| known.version);
    if known.is_none_or(|known| known < entry.version) {
        newest.insert(id, entry);
    }
    true
}

fn entry<R: Replica>(copy: Result<Versioned<R>, StoreError>) -> Result<(Uuid, Entry), StoreError> {
    let copy = copy?;
    let entry = Entry {
        version: copy.version,
        text: copy.state.to_string(),
        document: document(&copy)?,
    };
    Ok((copy.id, entry))
}
