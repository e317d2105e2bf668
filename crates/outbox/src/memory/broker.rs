//! Topics and consumer groups in memory.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, FutureExt as _};
use tokio::sync::Notify;
use uuid::Uuid;

use super::faults::{Faults, Step};

use crate::checkpoint::{Claim, TopicPartition};
use crate::cloudevents;
use crate::dead_letter::Originals;
use crate::error::StoreError;
use crate::message::Message;
use crate::publisher::{PublishError, Publisher};
use crate::source::{Assigned, MAX_KEY_BYTES, Record, Source, SourceEvent};

/// A broker whose topics come into being with their first message or subscriber.
#[derive(Clone)]
pub struct MemoryBroker {
    cluster: Arc<Mutex<Cluster>>,
    changed: Arc<Notify>,
    faults: Option<Arc<dyn Faults>>,
}

struct Cluster {
    partitions: i32,
    topics: BTreeMap<TopicPartition, Vec<Record>>,
    ids: BTreeMap<String, Uuid>,
    groups: BTreeMap<String, Group>,
    members: u64,
}

#[derive(Default)]
struct Group {
    /// Rises with each change of membership.
    generation: u64,
    members: Vec<u64>,
}

impl MemoryBroker {
    /// A broker whose topics have `partitions` partitions.
    pub fn new(partitions: i32) -> Self {
        let cluster = Cluster {
            partitions,
            topics: BTreeMap::new(),
            ids: BTreeMap::new(),
            groups: BTreeMap::new(),
            members: 0,
        };
        Self {
            cluster: Arc::new(Mutex::new(cluster)),
            changed: Arc::default(),
            faults: None,
        }
    }

    /// The same broker as another client sees it, with what goes wrong between the two.
    #[must_use]
    pub fn instance(&self, faults: Arc<dyn Faults>) -> Self {
        Self {
            faults: Some(faults),
            ..self.clone()
        }
    }

    /// Takes the partitions of `group` from its members and shares them out again.
    pub fn rebalance(&self, group: &str) {
        self.change(group, |_| ());
    }

    /// Takes its partitions from a member that was not heard of for too long. It joins
    /// again when it next asks for records.
    pub fn expel(&self, group: &str, member: u64) {
        self.change(group, |members| members.retain(|id| *id != member));
    }

    fn change(&self, group: &str, change: impl FnOnce(&mut Vec<u64>)) {
        if let Some(group) = self.lock().groups.get_mut(group) {
            change(&mut group.members);
            group.generation += 1;
        }
        self.changed.notify_waiters();
    }

    /// Where each partition of `topic` ends: the offset that its next record will get.
    pub fn ends(&self, topic: &str) -> Vec<(TopicPartition, i64)> {
        let cluster = self.lock();
        let all = cluster.topics.iter().filter(|(at, _)| at.topic == topic);
        let end = |records: &Vec<Record>| i64::try_from(records.len()).unwrap_or(i64::MAX);
        all.map(|(at, records)| (at.clone(), end(records)))
            .collect()
    }

    /// Joins `group` for `topics`.
    pub fn subscribe(&self, group: &str, topics: &[&str]) -> MemorySource {
        let mut cluster = self.lock();
        cluster.members += 1;
        let member = cluster.members;
        for topic in topics {
            cluster.ensure(topic);
        }
        let members = cluster.groups.entry(group.to_owned()).or_default();
        members.members.push(member);
        members.generation += 1;
        drop(cluster);
        self.changed.notify_waiters();
        MemorySource {
            broker: self.clone(),
            group: group.to_owned(),
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            member,
            generation: 0,
            announce: false,
            positions: BTreeMap::new(),
            closed: false,
        }
    }

    /// Every record of `topic`, partition by partition.
    pub fn records(&self, topic: &str) -> Vec<Record> {
        let cluster = self.lock();
        let all = cluster.topics.iter().filter(|(at, _)| at.topic == topic);
        all.flat_map(|(_, records)| records.clone()).collect()
    }

    /// Puts a record into a topic as it is, readable or not.
    pub fn append(
        &self,
        topic: &str,
        key: Option<&str>,
        headers: Vec<(String, Vec<u8>)>,
        payload: Vec<u8>,
    ) {
        let mut cluster = self.lock();
        cluster.ensure(topic);
        let key = key.filter(|key| key.len() <= MAX_KEY_BYTES);
        let partition = cluster.place(key.unwrap_or_default());
        let at = TopicPartition::new(topic, partition);
        let records = cluster.topics.entry(at.clone()).or_default();
        let offset = i64::try_from(records.len()).unwrap_or(i64::MAX);
        records.push(Record {
            at,
            offset,
            timestamp: None,
            key: key.map(str::to_owned),
            headers,
            payload,
        });
        drop(cluster);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster {
    fn ensure(&mut self, topic: &str) {
        let id = Uuid::from_u128(self.ids.len() as u128 + 1);
        self.ids.entry(topic.to_owned()).or_insert(id);
        for partition in 0..self.partitions {
            self.topics
                .entry(TopicPartition::new(topic, partition))
                .or_default();
        }
    }

    fn place(&self, key: &str) -> i32 {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let place = hasher.finish() % u64::from(self.partitions.unsigned_abs().max(1));
        i32::try_from(place).unwrap_or_default()
    }

    /// The partitions of `member`: every n-th one.
    fn share(&self, group: &str, member: u64, topics: &[String]) -> Vec<Assigned> {
        let Some(group) = self.groups.get(group) else {
            return Vec::new();
        };
        let Some(turn) = group.members.iter().position(|id| *id == member) else {
            return Vec::new();
        };
        self.topics
            .iter()
            .filter(|(at, _)| topics.contains(&at.topic))
            .enumerate()
            .filter(|(number, _)| number % group.members.len() == turn)
            .map(|(_, (at, records))| Assigned {
                at: at.clone(),
                low: 0,
                high: i64::try_from(records.len()).unwrap_or(i64::MAX),
                topic_id: self.ids.get(&at.topic).copied(),
            })
            .collect()
    }
}

impl Originals for MemoryBroker {
    fn original<'a>(
        &'a self,
        at: &'a TopicPartition,
        offset: i64,
    ) -> BoxFuture<'a, Result<Option<Record>, StoreError>> {
        let cluster = self.lock();
        let records = cluster.topics.get(at);
        let found = usize::try_from(offset).ok().and_then(|at| records?.get(at));
        std::future::ready(Ok(found.cloned())).boxed()
    }
}

impl Publisher for MemoryBroker {
    async fn publish(&self, messages: &[Message]) -> Result<(), PublishError> {
        for message in messages {
            self.meet(Step::Publish, message).await?;
            let copies = self.faults.as_ref().map_or(1, |faults| faults.copies());
            for _ in 0..copies {
                let headers = cloudevents::headers(message)
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value.into_bytes()))
                    .collect();
                let (key, payload) = (Some(message.key.as_str()), message.payload.clone());
                self.append(&message.topic, key, headers, payload);
            }
            self.meet(Step::Published, message).await?;
        }
        Ok(())
    }
}

impl MemoryBroker {
    async fn meet(&self, step: Step, message: &Message) -> Result<(), PublishError> {
        let Some(faults) = &self.faults else {
            return Ok(());
        };
        faults.meet(step).await.map_err(|fault| PublishError {
            topic: message.topic.clone(),
            reason: fault.to_string(),
        })
    }
}

/// A member of a group.
pub struct MemorySource {
    broker: MemoryBroker,
    group: String,
    topics: Vec<String>,
    member: u64,
    generation: u64,
    announce: bool,
    positions: BTreeMap<TopicPartition, i64>,
    closed: bool,
}

/// The most records handed over at once.
const CHUNK: usize = 500;

/// How long to wait for records that are there, but are delivered late.
const LATE: std::time::Duration = std::time::Duration::from_millis(20);

impl MemorySource {
    /// Its name in the group.
    pub fn member(&self) -> u64 {
        self.member
    }

    /// Whether records are there that were not delivered when they were asked for.
    fn awaits_delivery(&self) -> bool {
        let cluster = self.broker.lock();
        self.positions.iter().any(|(at, position)| {
            let there = cluster.topics.get(at).map_or(0, Vec::len);
            usize::try_from(*position).is_ok_and(|position| position < there)
        })
    }
}

impl Source for MemorySource {
    async fn next(&mut self) -> Option<SourceEvent> {
        loop {
            // Registered before looking, so that what comes in between is not missed.
            let changed = Arc::clone(&self.broker.changed);
            let changed = changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            if self.closed {
                return None;
            }
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            if self.awaits_delivery() {
                let _rung = tokio::time::timeout(LATE, changed).await;
            } else {
                changed.await;
            }
        }
    }

    fn try_next(&mut self) -> Option<SourceEvent> {
        if self.closed {
            return None;
        }
        let broker = self.broker.clone();
        let mut cluster = broker.lock();
        let group = cluster.groups.entry(self.group.clone()).or_default();
        if !group.members.contains(&self.member) {
            group.members.push(self.member);
            group.generation += 1;
            broker.changed.notify_waiters();
        }
        let generation = group.generation;
        if generation != self.generation {
            self.generation = generation;
            self.announce = true;
            self.positions.clear();
            return Some(SourceEvent::Revoked);
        }
        if self.announce {
            self.announce = false;
            let share = cluster.share(&self.group, self.member, &self.topics);
            return Some(SourceEvent::Assigned(share));
        }
        let mut records = Vec::new();
        let faults = broker.faults.as_ref();
        let given = |there: usize| faults.map_or(there, |faults| faults.deliver(there).min(there));
        for (at, position) in &mut self.positions {
            let there = cluster.topics.get(at).map_or(&[][..], Vec::as_slice);
            let from = usize::try_from(*position)
                .unwrap_or_default()
                .min(there.len());
            let most = given((there.len() - from).min(CHUNK - records.len()));
            let taken = &there[from..from + most];
            records.extend_from_slice(taken);
            *position += i64::try_from(taken.len()).unwrap_or_default();
        }
        (!records.is_empty()).then_some(SourceEvent::Records(records))
    }

    fn begin(&mut self, claims: &[Claim]) {
        self.positions = claims
            .iter()
            .map(|claim| (claim.at.clone(), claim.next))
            .collect();
    }

    fn restart(&mut self) {
        self.announce = true;
        self.positions.clear();
    }

    fn report(&mut self, _progress: &[(TopicPartition, i64)]) {}

    fn close(&mut self) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let mut cluster = self.broker.lock();
        if let Some(group) = cluster.groups.get_mut(&self.group) {
            group.members.retain(|id| *id != self.member);
            group.generation += 1;
        }
        drop(cluster);
        self.broker.changed.notify_waiters();
    }
}

impl Drop for MemorySource {
    fn drop(&mut self) {
        self.close();
    }
}
