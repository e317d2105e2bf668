//! The stock engine's tables and the catalogue's.

use std::collections::{BTreeMap, BTreeSet};

use events::{OrderId, ProductId, ProductState};
use jiff::Timestamp;
use outbox::StoreError;
use products::domain::CategoryName;
use products::store::{CatalogueStore, ProductRecord, StockChange, StockDecision, StockStore};
use uuid::Uuid;

use crate::{Broken, Rule};

impl<D: StockStore> StockStore for Broken<D> {
    async fn stock_decisions(
        &self,
        tx: &mut Self::Tx,
        orders: &[OrderId],
    ) -> Result<BTreeMap<OrderId, StockDecision>, StoreError> {
        let mut found = self.right.stock_decisions(&mut tx.right, orders).await?;
        if self.breaks(Rule::ReservationKey) {
            found.clear();
        }
        if self.breaks(Rule::ReleaseKey) {
            for decision in found.values_mut() {
                decision.released_at = None;
            }
        }
        Ok(found)
    }

    async fn products(
        &self,
        tx: &mut Self::Tx,
        products: &[ProductId],
    ) -> Result<BTreeMap<ProductId, ProductState>, StoreError> {
        self.right.products(&mut tx.right, products).await
    }

    async fn deduct(
        &self,
        tx: &mut Self::Tx,
        deductions: &[StockChange],
    ) -> Result<(), StoreError> {
        if !self.breaks(Rule::QuantityGuard) {
            return self.right.deduct(&mut tx.right, deductions).await;
        }
        let ids: Vec<ProductId> = deductions
            .iter()
            .map(|deduction| deduction.product_id)
            .collect();
        let found = self.right.products(&mut tx.right, &ids).await?;
        // Whatever it was decided on, it is taken from what there is now.
        let unguarded = deductions.iter().filter_map(|deduction| {
            let now = found.get(&deduction.product_id)?;
            let quantity = deduction.quantity.min(now.quantity);
            (quantity > 0).then_some(StockChange {
                version: now.version,
                quantity,
                ..*deduction
            })
        });
        let unguarded: Vec<StockChange> = unguarded.collect();
        self.right.deduct(&mut tx.right, &unguarded).await
    }

    async fn save_decisions(
        &self,
        tx: &mut Self::Tx,
        stock_decisions: &[StockDecision],
    ) -> Result<(), StoreError> {
        let mut stock_decisions = stock_decisions.to_vec();
        if self.breaks(Rule::ReservationKey) {
            let orders = stock_decisions.iter().map(|new| new.decision.order_id);
            let orders: Vec<OrderId> = orders.collect();
            let known = self.right.stock_decisions(&mut tx.right, &orders).await?;
            stock_decisions.retain(|new| !known.contains_key(&new.decision.order_id));
        }
        if self.breaks(Rule::DecisionId) {
            for new in &mut stock_decisions {
                new.event_id = Uuid::from_u128(!new.event_id.as_u128());
            }
        }
        self.right
            .save_decisions(&mut tx.right, &stock_decisions)
            .await
    }

    async fn give_back(
        &self,
        tx: &mut Self::Tx,
        returns: &[StockChange],
    ) -> Result<(), StoreError> {
        self.right.give_back(&mut tx.right, returns).await
    }

    async fn mark_released(
        &self,
        tx: &mut Self::Tx,
        orders: &[OrderId],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut orders = orders.to_vec();
        if self.breaks(Rule::ReleaseKey) {
            let known = self.right.stock_decisions(&mut tx.right, &orders).await?;
            orders.retain(|order| known.get(order).is_some_and(|it| it.released_at.is_none()));
        }
        if orders.is_empty() {
            return Ok(());
        }
        self.right.mark_released(&mut tx.right, &orders, at).await
    }
}

impl<D: CatalogueStore> CatalogueStore for Broken<D> {
    async fn product(
        &self,
        tx: &mut Self::Tx,
        id: ProductId,
    ) -> Result<Option<ProductRecord>, StoreError> {
        let mut kept = self.right.product(&mut tx.right, id).await?;
        if self.breaks(Rule::RestockKey)
            && let Some(kept) = &mut kept
        {
            kept.restocks.clear();
        }
        Ok(kept)
    }

    async fn product_by_name_key(
        &self,
        tx: &mut Self::Tx,
        name_key: &str,
    ) -> Result<Option<ProductState>, StoreError> {
        self.right
            .product_by_name_key(&mut tx.right, name_key)
            .await
    }

    async fn add_product(
        &self,
        tx: &mut Self::Tx,
        product: &ProductState,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.right.add_product(&mut tx.right, product, at).await
    }

    async fn restock(
        &self,
        tx: &mut Self::Tx,
        before: &ProductState,
        after: &ProductState,
        restock_id: Uuid,
    ) -> Result<(), StoreError> {
        self.right
            .restock(&mut tx.right, before, after, restock_id)
            .await
    }

    async fn known_categories(
        &self,
        tx: &mut Self::Tx,
        names: &BTreeSet<CategoryName>,
    ) -> Result<BTreeMap<CategoryName, CategoryName>, StoreError> {
        self.right.known_categories(&mut tx.right, names).await
    }

    async fn add_category(
        &self,
        tx: &mut Self::Tx,
        name: &CategoryName,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.right.add_category(&mut tx.right, name, at).await
    }
}
