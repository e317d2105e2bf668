//! What the service takes back from its topic when its database was restored from an older backup
//! (see [`outbox::recovery`]): the purchases that the topic still has.

use std::collections::{BTreeMap, BTreeSet};

use events::{PurchaseCreate, topics};
use futures::future::BoxFuture;
use outbox::kafka::TopicReader;
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::recovery::own_event;
use outbox::{Record, Recover, RecoveryError, Rows, StoreError, Work, transact};

use crate::domain::Purchase;
use crate::store::{self, PurchaseRow};

/// Takes the service's own purchases back.
pub struct PurchaseRecovery {
    database: MongoDatabase,
}

impl PurchaseRecovery {
    /// Puts what is missing into `database`.
    pub fn new(database: MongoDatabase) -> Self {
        Self { database }
    }

    async fn recover(&self, records: &[Record]) -> Result<usize, RecoveryError> {
        let mut published = BTreeMap::new();
        for record in records {
            if let Some(create) = own_event::<PurchaseCreate>(record)? {
                let row = row(create.event);
                published.entry(row.digest().to_vec()).or_insert(row);
            }
        }
        let database = &self.database;
        let published = published.into_values().collect();
        Ok(transact(
            database,
            &mut RecoverPurchases {
                database,
                published,
            },
        )
        .await?)
    }
}

impl Recover for PurchaseRecovery {
    fn topics(&self) -> Vec<&'static str> {
        vec![topics::PURCHASES]
    }

    fn recover<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<usize, RecoveryError>> {
        Box::pin(self.recover(records))
    }

    fn conclude<'a>(
        &'a self,
        _topics: &'a TopicReader,
    ) -> BoxFuture<'a, Result<(), RecoveryError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn row(create: PurchaseCreate) -> PurchaseRow {
    let purchase = Purchase {
        username: create.username,
        userid: create.userid,
        price: create.price,
        timestamp: create.timestamp,
    };
    PurchaseRow::new(create.purchase_id, purchase)
}

struct RecoverPurchases<'a> {
    database: &'a MongoDatabase,
    published: Vec<PurchaseRow>,
}

impl Work<MongoDatabase> for RecoverPurchases<'_> {
    type Output = usize;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<usize, StoreError> {
        let known = store::known(self.database, tx, &self.published).await?;
        let known: BTreeSet<&[u8]> = known.iter().map(PurchaseRow::digest).collect();
        let missing = self.published.iter();
        let missing = missing.filter(|row| !known.contains(row.digest()));
        let missing: Vec<PurchaseRow> = missing.cloned().collect();
        self.database.insert(tx, &missing).await?;
        Ok(missing.len())
    }
}
