//! Topics and consumer groups in memory.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::checkpoint::{Claim, TopicPartition};
use crate::cloudevents;
use crate::message::Message;
use crate::publisher::{PublishError, Publisher};
use crate::source::{Assigned, Record, Source, SourceEvent};

/// A broker whose topics come into being with their first message or subscriber.
#[derive(Clone)]
pub struct MemoryBroker {
    cluster: Arc<Mutex<Cluster>>,
    news: Arc<Notify>,
}

struct Cluster {
    partitions: i32,
    topics: BTreeMap<TopicPartition, Vec<Record>>,
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
            groups: BTreeMap::new(),
            members: 0,
        };
        Self {
            cluster: Arc::new(Mutex::new(cluster)),
            news: Arc::default(),
        }
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
        self.news.notify_waiters();
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
        let partition = cluster.place(key.unwrap_or_default());
        let at = TopicPartition::new(topic, partition);
        let records = cluster.topics.entry(at.clone()).or_default();
        let offset = i64::try_from(records.len()).unwrap_or(i64::MAX);
        records.push(Record {
            at,
            offset,
            key: key.map(str::to_owned),
            headers,
            payload,
        });
        drop(cluster);
        self.news.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster {
    fn ensure(&mut self, topic: &str) {
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
            })
            .collect()
    }
}

impl Publisher for MemoryBroker {
    async fn publish(&self, messages: &[Message]) -> Result<(), PublishError> {
        for message in messages {
            let headers = cloudevents::headers(message)
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into_bytes()))
                .collect();
            self.append(
                &message.topic,
                Some(&message.key),
                headers,
                message.payload.clone(),
            );
        }
        Ok(())
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

impl Source for MemorySource {
    async fn next(&mut self) -> Option<SourceEvent> {
        loop {
            // Registered before looking, so that what comes in between is not missed.
            let news = Arc::clone(&self.broker.news);
            let news = news.notified();
            let mut news = std::pin::pin!(news);
            news.as_mut().enable();
            if self.closed {
                return None;
            }
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            news.await;
        }
    }

    fn try_next(&mut self) -> Option<SourceEvent> {
        if self.closed {
            return None;
        }
        let broker = self.broker.clone();
        let cluster = broker.lock();
        let generation = cluster
            .groups
            .get(&self.group)
            .map_or(0, |group| group.generation);
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
        for (at, position) in &mut self.positions {
            let there = cluster.topics.get(at).map_or(&[][..], Vec::as_slice);
            let from = usize::try_from(*position)
                .unwrap_or_default()
                .min(there.len());
            let taken = &there[from..there.len().min(from + CHUNK - records.len())];
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
        self.broker.news.notify_waiters();
    }
}

impl Drop for MemorySource {
    fn drop(&mut self) {
        self.close();
    }
}
