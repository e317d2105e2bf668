//! People and their addresses, which another service owns.

use std::fmt;

use jiff::Timestamp;
use outbox::mongo::{MongoDatabase, MongoOptions};
use outbox::{Envelope, Event, EventCollector, Index, MessageContext, StoreError, SystemClock};
use replica::memory::Table;
use replica::{Copies, LocalCopy, Replica, ReplicaStore};
use serde::{Deserialize, Serialize};
use testkit::TestEnvironment;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub person: String,
    pub street: Option<String>,
    pub version: u64,
}

impl Event for Moved {
    const TYPE: &'static str = "Moved";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = "people.person.v1";

    fn key(&self) -> String {
        self.person.clone()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
}

impl Replica for Address {
    const OF: &'static str = "person";
    const COLLECTION: &'static str = "addresses";
    const INDEXES: &'static [Index] = &[Index::on(&["street"])];
}

impl From<&Moved> for Address {
    fn from(event: &Moved) -> Self {
        let street = event.street.clone();
        Self { street }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.street.as_deref().unwrap_or("no address"))
    }
}

/// The state of a database in memory.
#[derive(Debug, Clone, Default)]
pub struct Tables(Table<Address>);

impl outbox::memory::Tables for Tables {
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError> {
        self.0.install(&seen.0, left.0)
    }
}

impl AsMut<Table<Address>> for Tables {
    fn as_mut(&mut self) -> &mut Table<Address> {
        &mut self.0
    }
}

pub fn addresses() -> LocalCopy {
    LocalCopy::new::<Moved, Address>()
}

/// A database with the copies' collection; it lives as long as the environment.
pub async fn mongo() -> (TestEnvironment, MongoDatabase) {
    let environment = TestEnvironment::new().await;
    let (uri, name) = (
        environment.mongodb_uri(),
        environment.database_name("replica"),
    );
    let database = MongoDatabase::connect(uri, &name, MongoOptions::default())
        .await
        .unwrap();
    database.prepare().await.unwrap();
    database
        .prepare_collections(&[addresses().table()])
        .await
        .unwrap();
    (environment, database)
}

pub fn person(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn moved(number: u128, street: &str, version: u64) -> Moved {
    Moved {
        person: person(number).to_string(),
        street: (!street.is_empty()).then(|| street.to_owned()),
        version,
    }
}

/// Takes `events` over in a transaction of their own; the versions of those that were taken.
pub async fn take<D: ReplicaStore<Address>>(database: &D, events: &[Moved]) -> Vec<u64> {
    let envelopes: Vec<_> = events.iter().cloned().map(envelope).collect();
    let envelopes: Vec<_> = envelopes.iter().collect();
    let copies = Copies::<Address, D>::new(database.clone());
    let mut tx = database.begin().await.unwrap();
    let mut out = EventCollector::new("replica", &SystemClock);
    let taken = copies.take(&mut tx, &envelopes, &mut out).await.unwrap();
    assert!(out.is_empty());
    database.commit(tx).await.unwrap();
    taken.iter().map(|it| it.event.version).collect()
}

pub fn envelope(event: Moved) -> Envelope<Moved> {
    Envelope {
        id: Uuid::now_v7(),
        time: Timestamp::now(),
        context: MessageContext::default(),
        event,
    }
}

/// What is kept of a person.
pub async fn kept<D: ReplicaStore<Address>>(database: &D, number: u128) -> Option<(String, u64)> {
    let copy = database.by_id(person(number)).await.unwrap()?;
    Some((copy.state.to_string(), copy.version))
}
