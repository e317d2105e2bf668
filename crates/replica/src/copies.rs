//! The guard: only what is newer is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use outbox::{Envelope, Event, EventCollector, Handle, HandleError};
use uuid::Uuid;

use crate::store::ReplicaStore;
use crate::{MadeFrom, Replica, Versioned};

/// The copies of the type `R` in a database.
///
/// By itself it handles every event that an `R` is made from: it takes the states over and emits
/// nothing. Another handler does so by [`take`](Self::take).
pub struct Copies<R, D> {
    database: D,
    replica: PhantomData<fn() -> R>,
}

impl<R: Replica, D: ReplicaStore<R>> Copies<R, D> {
    /// The copies in `database`.
    pub fn new(database: D) -> Self {
        Self {
            database,
            replica: PhantomData,
        }
    }

    /// Takes over the states that are newer than what is known, and gives back the events that
    /// carried them, in their order. What is older or repeated is dropped and counted in `out`.
    ///
    /// Of several states of one thing in `events`, each newer than the one before, all are given
    /// back and the last one is kept: as if each had come alone.
    ///
    /// # Errors
    /// A conflict when another transaction has taken a newer one meanwhile; a dead letter for an
    /// event whose key is not an id.
    pub async fn take<'e, E: Event>(
        &self,
        tx: &mut D::Tx,
        events: &[&'e Envelope<E>],
        out: &mut EventCollector<'_>,
    ) -> Result<Vec<&'e Envelope<E>>, HandleError>
    where
        R: MadeFrom<E>,
    {
        let copies = events.iter().map(|envelope| Versioned::of(&envelope.event));
        let copies = copies.collect::<Result<Vec<Versioned<R>>, _>>()?;
        let ids: BTreeSet<Uuid> = copies.iter().map(|copy| copy.id).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let known = self.database.versions(tx, &ids).await?;
        let (mut taken, mut newest) = (Vec::new(), BTreeMap::new());
        for (envelope, copy) in events.iter().zip(copies) {
            let newer: Option<&Versioned<R>> = newest.get(&copy.id);
            let version = newer.map(|newer| newer.version);
            let version = version.or_else(|| known.get(&copy.id).copied());
            if version.is_none_or(|version| copy.version > version) {
                taken.push(*envelope);
                newest.insert(copy.id, copy);
            } else {
                out.duplicates(1);
            }
        }
        if !newest.is_empty() {
            let newest: Vec<_> = newest.into_values().collect();
            self.database.save(tx, &newest).await?;
        }
        Ok(taken)
    }
}

impl<E: Event, R: MadeFrom<E>, D: ReplicaStore<R>> Handle<E, D> for Copies<R, D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<E>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        self.take(tx, events, out).await.map(drop)
    }
}
