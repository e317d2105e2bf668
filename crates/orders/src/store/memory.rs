//! The tables in memory, so that a simulation runs the same commands and handlers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use events::{OrderId, ProductId};
use outbox::StoreError;
use outbox::idempotency::Digest;
use outbox::memory::{MemoryDatabase, MemoryTx, Step};
use replica::Versioned;
use replica::memory::Table;

use super::{AnsweredOrder, OrderTransition, OrdersStore, product};
use crate::domain::{Order, ProductCopy};

/// All that the service keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables {
    /// The orders.
    pub orders: BTreeMap<OrderId, Arc<Order>>,
    /// What is known of products.
    pub copies: Table<ProductCopy>,
    /// The requests that were answered, by their key.
    pub idempotency_records: BTreeMap<Digest, AnsweredOrder>,
}

impl outbox::memory::Tables for Tables {
    fn install(&mut self, seen: &Self, left: Self) -> Result<(), StoreError> {
        self.orders.install(&seen.orders, left.orders)?;
        self.copies.install(&seen.copies, left.copies)?;
        let records = &mut self.idempotency_records;
        records.install(&seen.idempotency_records, left.idempotency_records)
    }
}

impl AsMut<Table<ProductCopy>> for Tables {
    fn as_mut(&mut self) -> &mut Table<ProductCopy> {
        &mut self.copies
    }
}

type Database = MemoryDatabase<Tables>;
type Tx = MemoryTx<Tables>;

impl OrdersStore for Database {
    async fn products_named(
        &self,
        tx: &mut Tx,
        keys: &BTreeSet<&str>,
    ) -> Result<Vec<(ProductId, ProductCopy)>, StoreError> {
        self.meet(Step::Read).await?;
        let asked =
            |copy: &&Arc<Versioned<ProductCopy>>| keys.contains(copy.state.name_key().as_str());
        let found = tx.state.copies.values().filter(asked);
        Ok(found.map(|copy| product(copy.as_ref().clone())).collect())
    }

    async fn product_copies(
        &self,
        tx: &mut Tx,
        ids: &BTreeSet<ProductId>,
    ) -> Result<Vec<Versioned<ProductCopy>>, StoreError> {
        self.meet(Step::Read).await?;
        let asked = |copy: &&Arc<Versioned<ProductCopy>>| {
            ids.contains(&ProductId::from_bytes(copy.id.into_bytes()))
        };
        let found = tx.state.copies.values().filter(asked);
        Ok(found.map(|copy| copy.as_ref().clone()).collect())
    }

    async fn orders(&self, tx: &mut Tx, ids: &[OrderId]) -> Result<Vec<Order>, StoreError> {
        self.meet(Step::Read).await?;
        let found = ids.iter().filter_map(|id| tx.state.orders.get(id));
        Ok(found.map(|order| order.as_ref().clone()).collect())
    }

    async fn insert_orders(&self, tx: &mut Tx, orders: &[Order]) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for order in orders {
            let kept = Arc::new(order.clone());
            if tx.state.orders.insert(order.id, kept).is_some() {
                return Err(StoreError::conflict("an order exists by now"));
            }
        }
        Ok(())
    }

    async fn idempotency_records(
        &self,
        tx: &mut Tx,
        keys: &[Digest],
    ) -> Result<Vec<AnsweredOrder>, StoreError> {
        self.meet(Step::Read).await?;
        let found = keys
            .iter()
            .filter_map(|key| tx.state.idempotency_records.get(key));
        Ok(found.copied().collect())
    }

    async fn save_idempotency_records(
        &self,
        tx: &mut Tx,
        requests: &[AnsweredOrder],
    ) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for request in requests {
            if tx
                .state
                .idempotency_records
                .insert(request.key, *request)
                .is_some()
            {
                return Err(StoreError::conflict("a request is remembered by now"));
            }
        }
        Ok(())
    }

    async fn settle(&self, tx: &mut Tx, steps: &[OrderTransition]) -> Result<(), StoreError> {
        self.meet(Step::Write).await?;
        for step in steps {
            match tx.state.orders.get_mut(&step.from.id) {
                Some(kept) if kept.status == step.from.status => *kept = settled(kept, step),
                _ => return Err(StoreError::conflict("an order is not as it was read")),
            }
        }
        Ok(())
    }
}

fn settled(order: &Order, step: &OrderTransition) -> Arc<Order> {
    let mut settled = order.clone();
    settled.take(step.step.clone(), step.written_at);
    Arc::new(settled)
}
