//! A service's local copies of what other services own.
//!
//! **Purpose.** A service that needs something of another's data keeps a copy of it, made from the
//! owner's events, each of which carries the whole state and its version. A [`Replica`] says what
//! is kept; the rest is done here.
//!
//! **What is guaranteed.**
//!
//! - A copy takes only a newer version than the one it is at ([`Copies::take`]), and the statement
//!   that writes it says so again: an event that is late, repeated, replayed or handled by two
//!   instances at once never moves a copy backwards.
//! - What is kept of a batch does not depend on how events were put into batches.
//! - A state that says that something was deleted is kept as one, with its version: a late event
//!   from before the deletion finds it there. The type leaves out what must not outlive it.
//! - A copy can be compared with its owner and made equal to its topic while the service runs
//!   ([`LocalCopy::swap`]): one transaction writes the differences and fences the inbox.
//! - After a restore of the service's database its inbox consumes again from the checkpoints that
//!   were restored with the copies; there is nothing to recover.
//!
//! **Boundary.** No word of any business is in here; of the workspace it knows `outbox`. One copy
//! has one owner, whose events of one topic are keyed by the id (a UUID) of what they are about.
//!
//! **In the database** a copy is one document: `_id`, `version`, and the fields of the [`Replica`].
//!
//! **How to add one.** A type with `impl Replica` and `impl From<&Event>` in the service that
//! keeps it, and a line in its registration: `app.replica::<Event, Type>("keeps the address")`.

mod copies;
mod local_copy;
pub mod memory;
pub mod mongo;
mod rebuild;
mod store;

use std::fmt::{Debug, Display};

use outbox::{Event, Index, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use copies::Copies;
pub use local_copy::{Entry, LocalCopy, Newest};
pub use rebuild::{Difference, Swapped};
pub use store::ReplicaStore;

/// What a service keeps of another's state, besides its id and its version; it is made `From` each
/// event that carries the state.
///
/// As text (`Display`) it is what operators are shown of it.
pub trait Replica:
    Serialize + DeserializeOwned + Clone + PartialEq + Debug + Display + Send + Sync + 'static
{
    /// What one is a copy of, such as `product`.
    const OF: &'static str;
    /// The collection that holds them.
    const COLLECTION: &'static str;
    /// Its indexes.
    const INDEXES: &'static [Index] = &[];
}

/// A [`Replica`] that is made from events of type `E`.
pub trait MadeFrom<E>: Replica + for<'e> From<&'e E> {}

impl<E, R: Replica + for<'e> From<&'e E>> MadeFrom<E> for R {}

/// A copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<R> {
    /// Whose state it is.
    pub id: Uuid,
    /// The owner's version of it.
    pub version: u64,
    /// What is kept of it.
    pub state: R,
}

impl<R> Versioned<R> {
    /// What is kept of the state that `event` carries.
    ///
    /// # Errors
    /// Permanent, when the event's key is not a UUID.
    pub fn of<E: Event>(event: &E) -> Result<Self, StoreError>
    where
        R: MadeFrom<E>,
    {
        let key = event.key();
        let wrong = |_| format!("the key of an {}, {key:?}, is not a UUID", E::TYPE);
        Ok(Self {
            id: key.parse().map_err(wrong).map_err(StoreError::permanent)?,
            version: event.aggregate_version(),
            state: R::from(event),
        })
    }
}
