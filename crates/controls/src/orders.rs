//! The tables of orders.

use std::collections::BTreeSet;

use events::{OrderId, OrderStatus, ProductId};
use orders::domain::{Order, ProductCopy};
use orders::store::{AnsweredOrder, OrderState, OrderTransition, OrdersStore};
use outbox::StoreError;
use outbox::idempotency::Digest;
use replica::Versioned;

use crate::{Broken, Rule};

impl<D: OrdersStore> OrdersStore for Broken<D> {
    async fn products_named(
        &self,
        tx: &mut Self::Tx,
        keys: &BTreeSet<&str>,
    ) -> Result<Vec<(ProductId, ProductCopy)>, StoreError> {
        self.right.products_named(&mut tx.right, keys).await
    }

    async fn product_copies(
        &self,
        tx: &mut Self::Tx,
        ids: &BTreeSet<ProductId>,
    ) -> Result<Vec<Versioned<ProductCopy>>, StoreError> {
        self.right.product_copies(&mut tx.right, ids).await
    }

    async fn orders(&self, tx: &mut Self::Tx, ids: &[OrderId]) -> Result<Vec<Order>, StoreError> {
        let mut orders = self.right.orders(&mut tx.right, ids).await?;
        if self.breaks(Rule::TerminalStatus) {
            for order in &mut orders {
                order.status = OrderStatus::Pending;
            }
        }
        Ok(orders)
    }

    async fn insert_orders(&self, tx: &mut Self::Tx, orders: &[Order]) -> Result<(), StoreError> {
        self.right.insert_orders(&mut tx.right, orders).await
    }

    async fn idempotency_records(
        &self,
        tx: &mut Self::Tx,
        keys: &[Digest],
    ) -> Result<Vec<AnsweredOrder>, StoreError> {
        let mut idempotency_records = self.right.idempotency_records(&mut tx.right, keys).await?;
        if self.breaks(Rule::IdempotencyKey) {
            idempotency_records.clear();
        }
        Ok(idempotency_records)
    }

    async fn save_idempotency_records(
        &self,
        tx: &mut Self::Tx,
        requests: &[AnsweredOrder],
    ) -> Result<(), StoreError> {
        if !self.breaks(Rule::IdempotencyKey) {
            return self
                .right
                .save_idempotency_records(&mut tx.right, requests)
                .await;
        }
        let keys: Vec<Digest> = requests.iter().map(|request| request.key).collect();
        let known = self.right.idempotency_records(&mut tx.right, &keys).await?;
        let known: BTreeSet<Digest> = known.iter().map(|request| request.key).collect();
        let new = requests
            .iter()
            .filter(|request| !known.contains(&request.key));
        let new: Vec<AnsweredOrder> = new.copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        self.right
            .save_idempotency_records(&mut tx.right, &new)
            .await
    }

    async fn settle(&self, tx: &mut Self::Tx, steps: &[OrderTransition]) -> Result<(), StoreError> {
        if !self.breaks(Rule::TerminalStatus) {
            return self.right.settle(&mut tx.right, steps).await;
        }
        let ids: Vec<OrderId> = steps.iter().map(|step| step.from.id).collect();
        let found = self.right.orders(&mut tx.right, &ids).await?;
        let true_step = |step: &OrderTransition| {
            let order = found.iter().find(|order| order.id == step.from.id);
            // Only the first step of an order is taken from where it stands.
            let first = order.filter(|order| order.version == step.from.version);
            OrderTransition {
                from: first.map_or(step.from, OrderState::from),
                ..step.clone()
            }
        };
        let steps: Vec<OrderTransition> = steps.iter().map(true_step).collect();
        self.right.settle(&mut tx.right, &steps).await
    }
}
