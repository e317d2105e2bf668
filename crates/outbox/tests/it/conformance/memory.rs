//! The rig in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use outbox::dead_letter::Originals;
use outbox::memory::{MemoryBroker, MemoryDatabase, MemorySource, MemoryTx};
use outbox::{Event as _, Record, StoreError};

use super::ledger::{Account, Deposited, Ledger, Letter};
use super::rig::Rig;

pub(crate) type Accounts = BTreeMap<String, Account>;

pub(crate) struct MemoryRig {
    database: MemoryDatabase<Accounts>,
    pub(crate) broker: MemoryBroker,
}

impl MemoryRig {
    pub(crate) fn new(partitions: i32) -> Self {
        Self {
            database: MemoryDatabase::default(),
            broker: MemoryBroker::new(partitions),
        }
    }
}

impl Rig for MemoryRig {
    type Db = MemoryDatabase<Accounts>;
    type Out = MemoryBroker;
    type In = MemorySource;

    async fn database(&self) -> Self::Db {
        self.database.clone()
    }

    fn publisher(&self) -> MemoryBroker {
        self.broker.clone()
    }

    fn source(&self, group: &str) -> MemorySource {
        self.broker.subscribe(group, &[Deposited::TOPIC])
    }

    fn originals(&self) -> Arc<dyn Originals> {
        Arc::new(self.broker.clone())
    }

    async fn append_tombstone(&self, key: &str, headers: &[(&str, &str)]) {
        self.append_raw(Some(key), headers, b"").await;
    }

    async fn append_raw(&self, key: Option<&str>, headers: &[(&str, &str)], payload: &[u8]) {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        self.broker
            .append(Deposited::TOPIC, key, headers, payload.to_vec());
    }

    async fn records(&self, topic: &str) -> Vec<Record> {
        self.broker.records(topic)
    }
}

impl Ledger for MemoryDatabase<Accounts> {
    async fn account(&self, tx: &mut MemoryTx<Accounts>, key: &str) -> Result<Account, StoreError> {
        Ok(tx.state.get(key).cloned().unwrap_or_default())
    }

    async fn save(
        &self,
        tx: &mut MemoryTx<Accounts>,
        key: &str,
        account: &Account,
    ) -> Result<(), StoreError> {
        tx.state.insert(key.to_owned(), account.clone());
        Ok(())
    }

    async fn committed(&self, key: &str) -> Account {
        self.state().get(key).cloned().unwrap_or_default()
    }

    async fn dead_letters(&self) -> Vec<Letter> {
        let all = self.dead_letters().into_iter();
        all.map(|dead_letter| Letter {
            key: dead_letter.record.key,
            offset: dead_letter.record.offset,
            reason: dead_letter.reason,
            waits: dead_letter.waits,
        })
        .collect()
    }
}
