//! What the service takes back from its own topic when its database was restored from an older
//! backup (see [`outbox::relearn`]).
//!
//! An order that was published and is not in the database is written as it was placed:
//! `OrderCreate` says all of it. What became of it comes by itself, since its decision lies
//! behind the restored checkpoint. Idempotency keys are in no event: a request that is repeated
//! with a key of the lost time places a second order.

use std::collections::BTreeMap;

use events::{OrderCreate, OrderId, topics};
use futures::future::BoxFuture;
use outbox::handler::decode;
use outbox::kafka::TopicReader;
use outbox::{Event, InvalidMessage, Record, Relearn, RelearnError, StoreError, Work, transact};

use crate::domain::Order;
use crate::store::OrdersStore;

/// Takes the service's own orders back.
pub struct RelearnOrders<D> {
    database: D,
}

impl<D: OrdersStore> RelearnOrders<D> {
    /// Puts what is missing into `database`.
    pub fn new(database: D) -> Self {
        Self { database }
    }

    async fn learn(&self, records: &[Record]) -> Result<usize, RelearnError> {
        let mut placed = BTreeMap::new();
        for record in records.iter().filter(|record| is_order(record)) {
            match decode::<OrderCreate>(record) {
                Ok(said) => {
                    let order = Order::from_event(&said.event, said.time);
                    placed.entry(order.id).or_insert(order);
                }
                Err(fault @ InvalidMessage::UnknownVersion { .. }) => {
                    let (at, offset) = (&record.at, record.offset);
                    let found = format!("{at} at offset {offset}: {fault}");
                    return Err(RelearnError::Impossible(found));
                }
                Err(fault) => {
                    // The outbox never lets such a thing out: it is somebody else's.
                    tracing::error!(at = %record.at, offset = record.offset, %fault, "not one of ours; passed over");
                }
            }
        }
        if placed.is_empty() {
            return Ok(0);
        }
        let database = &self.database;
        Ok(transact(database, &mut LearnOrders { database, placed }).await?)
    }
}

impl<D: OrdersStore> Relearn for RelearnOrders<D> {
    fn topics(&self) -> Vec<&'static str> {
        vec![topics::ORDERS]
    }

    fn learn<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Result<usize, RelearnError>> {
        Box::pin(self.learn(records))
    }

    fn conclude<'a>(&'a self, _topics: &'a TopicReader) -> BoxFuture<'a, Result<(), RelearnError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

struct LearnOrders<'a, D> {
    database: &'a D,
    placed: BTreeMap<OrderId, Order>,
}

impl<D: OrdersStore> Work<D> for LearnOrders<'_, D> {
    type Output = usize;

    async fn run(&mut self, tx: &mut D::Tx) -> Result<usize, StoreError> {
        let ids: Vec<OrderId> = self.placed.keys().copied().collect();
        let known = self.database.standings(tx, &ids).await?;
        let is_missing = |order: &&Order| known.iter().all(|standing| standing.id != order.id);
        let missing: Vec<Order> = self.placed.values().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            self.database.insert_orders(tx, &missing).await?;
        }
        Ok(missing.len())
    }
}

fn is_order(record: &Record) -> bool {
    let kind = record.headers.iter().find(|(name, _)| name == "ce_type");
    kind.is_some_and(|(_, value)| value == OrderCreate::TYPE.as_bytes())
}
