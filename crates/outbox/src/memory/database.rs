//! Snapshot isolation over a value that is cloned: the first committer wins.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::checkpoint::{Advance, Claim, InboxStore, TopicPartition};
use crate::clock::{Clock, SystemClock};
use crate::dead_letter::DeadLetter;
use crate::error::{ErrorKind, StoreError};
use crate::outbox::{Backlog, Lease, OutboxRecord, OutboxStore};
use crate::relay::Waker;
use crate::source::Assigned;
use crate::transaction::Database;

/// A database whose state is one value of type `S`.
pub struct MemoryDatabase<S> {
    shared: Arc<Mutex<Shared<S>>>,
    clock: Arc<dyn Clock>,
    waker: Waker,
}

impl<S> Clone for MemoryDatabase<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            clock: Arc::clone(&self.clock),
            waker: self.waker.clone(),
        }
    }
}

struct Shared<S> {
    /// Rises with each commit that changed the versioned part.
    version: u64,
    versioned: Versioned<S>,
    outbox: BTreeMap<Uuid, OutboxRecord>,
    leases: BTreeMap<String, (Uuid, i64, Timestamp)>,
}

/// What a transaction sees a snapshot of.
#[derive(Clone, Default)]
struct Versioned<S> {
    state: S,
    checkpoints: BTreeMap<(String, TopicPartition), (i64, i64)>,
    letters: BTreeMap<String, DeadLetter>,
}

/// An open transaction: a snapshot that may be changed.
pub struct MemoryTx<S> {
    /// The service's state as this transaction sees and changes it.
    pub state: S,
    seen: u64,
    checkpoints: BTreeMap<(String, TopicPartition), (i64, i64)>,
    letters: BTreeMap<String, DeadLetter>,
    appended: Vec<OutboxRecord>,
}

impl<S: Clone + Default + Send + 'static> Default for MemoryDatabase<S> {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl<S: Clone + Default + Send + 'static> MemoryDatabase<S> {
    /// An empty database whose leases run by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let shared = Shared {
            version: 0,
            versioned: Versioned::default(),
            outbox: BTreeMap::new(),
            leases: BTreeMap::new(),
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
            clock,
            waker: Waker::default(),
        }
    }

    /// The committed state.
    pub fn state(&self) -> S {
        self.lock().versioned.state.clone()
    }

    /// The messages set aside.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.lock().versioned.letters.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Shared<S>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Clone + Default + Send + 'static> Database for MemoryDatabase<S> {
    type Tx = MemoryTx<S>;

    async fn begin(&self) -> Result<MemoryTx<S>, StoreError> {
        let shared = self.lock();
        let snapshot = shared.versioned.clone();
        Ok(MemoryTx {
            state: snapshot.state,
            seen: shared.version,
            checkpoints: snapshot.checkpoints,
            letters: snapshot.letters,
            appended: Vec::new(),
        })
    }

    async fn commit(&self, tx: MemoryTx<S>) -> Result<(), StoreError> {
        let mut shared = self.lock();
        if shared.version != tx.seen {
            return Err(StoreError::conflict(
                "another transaction was committed first",
            ));
        }
        shared.version += 1;
        shared.versioned = Versioned {
            state: tx.state,
            checkpoints: tx.checkpoints,
            letters: tx.letters,
        };
        let said = !tx.appended.is_empty();
        shared
            .outbox
            .extend(tx.appended.into_iter().map(|record| (record.id, record)));
        drop(shared);
        if said {
            self.waker.wake();
        }
        Ok(())
    }

    async fn abort(&self, tx: MemoryTx<S>) {
        drop(tx);
    }
}

impl<S: Clone + Default + Send + 'static> OutboxStore for MemoryDatabase<S> {
    async fn append(&self, tx: &mut MemoryTx<S>, record: &OutboxRecord) -> Result<(), StoreError> {
        for message in &record.messages {
            message.validate().map_err(StoreError::permanent)?;
        }
        tx.appended.push(record.clone());
        Ok(())
    }

    async fn pending(
        &self,
        limit: usize,
        except: &[Uuid],
    ) -> Result<Vec<OutboxRecord>, StoreError> {
        let shared = self.lock();
        let waiting = shared
            .outbox
            .values()
            .filter(|record| !except.contains(&record.id));
        Ok(waiting.take(limit).cloned().collect())
    }

    async fn remove(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        self.lock().outbox.retain(|id, _| !ids.contains(id));
        Ok(())
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let shared = self.lock();
        let oldest = shared.outbox.values().map(|record| record.written_at).min();
        Ok(Backlog {
            records: shared.outbox.len() as u64,
            oldest,
        })
    }

    async fn lease(
        &self,
        shard: &str,
        holder: Uuid,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now();
        let until = now + SignedDuration::try_from(ttl).map_err(StoreError::permanent)?;
        let mut held = self.lock();
        let epoch = match held.leases.get(shard) {
            Some((owner, epoch, _)) if *owner == holder => *epoch,
            Some((_, _, expires)) if *expires > now => return Ok(None),
            Some((_, epoch, _)) => epoch + 1,
            None => 1,
        };
        held.leases.insert(shard.to_owned(), (holder, epoch, until));
        Ok(Some(Lease { epoch, ttl }))
    }

    async fn release(&self, shard: &str, holder: Uuid) -> Result<(), StoreError> {
        let mut held = self.lock();
        if let Some((owner, _, expires)) = held.leases.get_mut(shard)
            && *owner == holder
        {
            // The epoch stays, so that the next one is higher.
            *owner = Uuid::nil();
            *expires = Timestamp::UNIX_EPOCH;
        }
        Ok(())
    }

    async fn changed_elsewhere(&self) -> Result<(), StoreError> {
        // Every instance shares the one bell.
        std::future::pending().await
    }

    fn waker(&self) -> Waker {
        self.waker.clone()
    }
}

impl<S: Clone + Default + Send + 'static> InboxStore for MemoryDatabase<S> {
    async fn claim(&self, group: &str, partitions: &[Assigned]) -> Result<Vec<Claim>, StoreError> {
        let mut shared = self.lock();
        shared.version += 1;
        let claims = partitions.iter().map(|assigned| {
            let key = (group.to_owned(), assigned.at.clone());
            let (epoch, next) = shared
                .versioned
                .checkpoints
                .entry(key)
                .or_insert((0, assigned.low));
            *epoch += 1;
            Claim {
                at: assigned.at.clone(),
                epoch: *epoch,
                next: *next,
            }
        });
        Ok(claims.collect())
    }

    async fn advance(
        &self,
        tx: &mut MemoryTx<S>,
        group: &str,
        steps: &[Advance],
    ) -> Result<(), StoreError> {
        for step in steps {
            let key = (group.to_owned(), step.at.clone());
            match tx.checkpoints.get_mut(&key) {
                Some((epoch, next)) if (*epoch, *next) == (step.epoch, step.from) => {
                    *next = step.to;
                }
                _ => {
                    let what = format!("the checkpoint of {group} at {} moved", step.at);
                    return Err(StoreError::new(ErrorKind::Fenced, what));
                }
            }
        }
        Ok(())
    }

    async fn parked_keys(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<HashSet<(String, String)>, StoreError> {
        let shared = self.lock();
        let ours = shared
            .versioned
            .letters
            .values()
            .filter(|letter| letter.group == group && partitions.contains(&letter.record.at));
        Ok(ours
            .filter_map(|letter| {
                let key = letter.record.key.clone()?;
                Some((letter.record.at.topic.clone(), key))
            })
            .collect())
    }

    async fn park(&self, tx: &mut MemoryTx<S>, letters: &[DeadLetter]) -> Result<(), StoreError> {
        for letter in letters {
            tx.letters
                .entry(letter.id())
                .or_insert_with(|| letter.clone());
        }
        Ok(())
    }

    async fn checkpoints(&self, group: &str) -> Result<Vec<Claim>, StoreError> {
        let shared = self.lock();
        let all = shared.versioned.checkpoints.iter();
        Ok(all
            .filter(|((owner, _), _)| owner == group)
            .map(|((_, at), (epoch, next))| Claim {
                at: at.clone(),
                epoch: *epoch,
                next: *next,
            })
            .collect())
    }
}
