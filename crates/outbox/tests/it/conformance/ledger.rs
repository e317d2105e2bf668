//! The state that the cases change: accounts, each with a balance and a version.

use std::sync::Arc;

use outbox::{
    Clock, Envelope, Event, EventCollector, Handle, HandleError, InboxStore, OutboxStore,
    StoreError, SystemClock, Work,
};
use serde::{Deserialize, Serialize};

/// Something was paid into an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deposited {
    pub(crate) account: String,
    pub(crate) amount: i64,
    pub(crate) version: u64,
}

impl Event for Deposited {
    const TYPE: &'static str = "Deposited";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = "bank.deposit.v1";

    fn key(&self) -> String {
        self.account.clone()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}

/// A deposit reached the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Booked {
    pub(crate) account: String,
    pub(crate) balance: i64,
    pub(crate) version: u64,
}

impl Event for Booked {
    const TYPE: &'static str = "Booked";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = "ledger.booked.v1";

    fn key(&self) -> String {
        self.account.clone()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}

/// A long letter about a deposit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statement {
    account: String,
    version: u64,
    text: String,
}

impl Event for Statement {
    const TYPE: &'static str = "Statement";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = Booked::TOPIC;

    fn key(&self) -> String {
        self.account.clone()
    }

    fn aggregate_version(&self) -> u64 {
        self.version
    }
}

/// An account as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) balance: i64,
    pub(crate) version: i64,
    /// How many events were applied.
    pub(crate) times: i64,
    /// How many of them did not have the next version.
    pub(crate) gaps: i64,
}

/// The accounts' tables, as a part of a transaction.
pub(crate) trait Ledger: InboxStore + OutboxStore {
    fn account(
        &self,
        tx: &mut Self::Tx,
        key: &str,
    ) -> impl Future<Output = Result<Account, StoreError>> + Send;

    fn save(
        &self,
        tx: &mut Self::Tx,
        key: &str,
        account: &Account,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What is committed of an account.
    fn committed(&self, key: &str) -> impl Future<Output = Account> + Send;

    /// The dead letters as (key, offset, reason, waits).
    fn dead_letters(&self) -> impl Future<Output = Vec<Letter>> + Send;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) key: Option<String>,
    pub(crate) offset: i64,
    pub(crate) reason: String,
    pub(crate) waits: bool,
}

/// The command: pay in, and say so.
pub(crate) struct Deposit<'a, D> {
    pub(crate) db: &'a D,
    pub(crate) account: &'a str,
    pub(crate) amount: i64,
}

impl<D: Ledger> Work<D> for Deposit<'_, D> {
    type Output = u64;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<u64, StoreError> {
        let mut account = self.db.account(tx, self.account).await?;
        account.balance += self.amount;
        account.version += 1;
        self.db.save(tx, self.account, &account).await?;
        let event = Deposited {
            account: self.account.to_owned(),
            amount: self.amount,
            version: account.version.unsigned_abs(),
        };
        let mut out = EventCollector::new("bank", &SystemClock);
        out.push(&event, outbox::MessageContext::default())
            .map_err(StoreError::permanent)?;
        out.write(self.db, tx).await?;
        Ok(event.version)
    }
}

type Fault = Arc<dyn Fn(&Deposited) -> Option<HandleError> + Send + Sync>;

/// The handler: books each deposit and publishes that. It keeps no natural key unless told to,
/// so that a record applied twice shows.
pub(crate) struct Book<D> {
    db: D,
    guarded: bool,
    timed: bool,
    statement_bytes: usize,
    fault: Fault,
}

impl<D: Ledger> Book<D> {
    pub(crate) fn new(db: D) -> Self {
        Self {
            db,
            guarded: false,
            timed: false,
            statement_bytes: 0,
            fault: Arc::new(|_| None),
        }
    }

    /// Drops events whose version is not newer.
    pub(crate) fn guarded(mut self) -> Self {
        self.guarded = true;
        self
    }

    /// Schedules a job for each event, too.
    pub(crate) fn timed(mut self) -> Self {
        self.timed = true;
        self
    }

    /// Publishes a statement of so many bytes for each event, too.
    pub(crate) fn stating(mut self, bytes: usize) -> Self {
        self.statement_bytes = bytes;
        self
    }

    /// Fails as `fault` says, after the event's changes were written.
    pub(crate) fn failing(
        mut self,
        fault: impl Fn(&Deposited) -> Option<HandleError> + Send + Sync + 'static,
    ) -> Self {
        self.fault = Arc::new(fault);
        self
    }
}

impl<D: Ledger> Handle<Deposited, D> for Book<D> {
    async fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<Deposited>],
        out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        for envelope in events {
            let event = &envelope.event;
            let version = event.version.cast_signed();
            let mut account = self.db.account(tx, &event.account).await?;
            if self.guarded && version <= account.version {
                out.duplicates(1);
                continue;
            }
            account.gaps += i64::from(version != account.version + 1);
            account.balance += event.amount;
            account.version = version;
            account.times += 1;
            self.db.save(tx, &event.account, &account).await?;
            let booked = Booked {
                account: event.account.clone(),
                balance: account.balance,
                version: event.version,
            };
            out.push(&booked, envelope.consequence())?;
            if self.statement_bytes > 0 {
                let statement = Statement {
                    account: event.account.clone(),
                    version: event.version,
                    text: "x".repeat(self.statement_bytes),
                };
                out.push(&statement, envelope.consequence())?;
            }
            if self.timed {
                let timer = format!("{}-{}", event.account, event.version);
                super::jobs::schedule(out, &timer, super::jobs::within(3600));
            }
            if let Some(fault) = (self.fault)(event) {
                return Err(fault);
            }
        }
        Ok(())
    }
}

/// A deposit's message, past any outbox.
pub(crate) fn deposit(account: &str, version: u64) -> outbox::Message {
    let event = Deposited {
        account: account.to_owned(),
        amount: 1,
        version,
    };
    let now = SystemClock.now();
    outbox::Message::new(
        SystemClock.uuid(),
        "bank",
        now,
        outbox::MessageContext::default(),
        &event,
    )
    .expect("a deposit is small and has a key")
}

/// What an account comes to by `count` deposits of 1, each applied once and in order.
pub(crate) fn paid(count: i64) -> Account {
    Account {
        balance: count,
        version: count,
        times: count,
        gaps: 0,
    }
}
