//! What the service takes back from its topic when its database was restored from an older backup
//! (see [`outbox::recovery`]): that a cart was checked out whose order is not placed yet.
//!
//! Its lines are left where the backup has them, in the cart: a rejection gives nothing back then. Who orders
//! them again has two orders, which nobody can tell from what was wanted.

use std::collections::BTreeMap;

use events::{CartCheckout, OrderId, topics};
use futures::future::BoxFuture;
use outbox::kafka::TopicReader;
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::recovery::own_event;
use outbox::{Record, Recover, RecoveryError, StoreError, Work, transact};

use crate::domain::{Checkout, CheckoutStatus};
use crate::store;

/// Takes the service's own checkouts back, so that each is closed and its address overwritten.
pub struct CheckoutRecovery {
    database: MongoDatabase,
}

impl CheckoutRecovery {
    /// Puts what is missing into `database`.
    pub fn new(database: MongoDatabase) -> Self {
        Self { database }
    }

    async fn recover(&self, records: &[Record]) -> Result<usize, RecoveryError> {
        let mut newest = BTreeMap::new();
        for record in records {
            if let Some(checkout) = own_event::<CartCheckout>(record)? {
                newest.insert(checkout.event.order_id, checkout.event);
            }
        }
        let database = &self.database;
        let mut work = RecoverCheckouts { database, newest };
        Ok(transact(database, &mut work).await?)
    }
}

impl Recover for CheckoutRecovery {
    fn topics(&self) -> Vec<&'static str> {
        vec![topics::CHECKOUTS]
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

struct RecoverCheckouts<'a> {
    database: &'a MongoDatabase,
    newest: BTreeMap<OrderId, CartCheckout>,
}

impl Work<MongoDatabase> for RecoverCheckouts<'_> {
    type Output = usize;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<usize, StoreError> {
        let database = self.database;
        let known = store::checkouts(database, tx, self.newest.keys().copied()).await?;
        let (mut missing, mut gone) = (Vec::new(), Vec::new());
        for (order_id, said) in &self.newest {
            match known.get(order_id) {
                None if said.version == 1 => missing.push(Checkout {
                    order_id: *order_id,
                    account_id: said.customer_id,
                    status: CheckoutStatus::Pending,
                    lines: Vec::new(),
                    reason: None,
                    asked: None,
                    expires_at: None,
                }),
                // It was missing, and is closed as later records say.
                Some(known) if said.version > 1 && known.lines.is_empty() => gone.push(*order_id),
                Some(_) | None => {}
            }
        }
        store::insert_checkouts(database, tx, &missing).await?;
        store::remove_checkouts(database, tx, &gone).await?;
        Ok(missing.len())
    }
}
