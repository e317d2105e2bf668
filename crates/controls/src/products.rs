//! The stock engine's tables and the catalogue's.

use std::collections::{BTreeMap, BTreeSet};

use events::{OrderId, ProductId, ProductState};
use jiff::Timestamp;
use outbox::StoreError;
use products::domain::CategoryName;
use products::store::{CatalogueStore, Kept, Reservation, StockStore, Taking};
use uuid::Uuid;

use crate::{Broken, Rule};

impl<D: StockStore> StockStore for Broken<D> {
    async fn reservations(
        &self,
        tx: &mut Self::Tx,
        orders: &[OrderId],
    ) -> Result<BTreeMap<OrderId, Reservation>, StoreError> {
        let mut found = self.right.reservations(&mut tx.right, orders).await?;
        if self.breaks(Rule::ReservationKey) {
            found.clear();
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

    async fn take(&self, tx: &mut Self::Tx, takings: &[Taking]) -> Result<(), StoreError> {
        if !self.breaks(Rule::QuantityGuard) {
            return self.right.take(&mut tx.right, takings).await;
        }
        let ids: Vec<ProductId> = takings.iter().map(|taking| taking.product_id).collect();
        let found = self.right.products(&mut tx.right, &ids).await?;
        // Whatever it was decided on, it is taken from what there is now.
        let unguarded = takings.iter().filter_map(|taking| {
            let now = found.get(&taking.product_id)?;
            let quantity = taking.quantity.min(now.quantity);
            (quantity > 0).then_some(Taking {
                version: now.version,
                quantity,
                ..*taking
            })
        });
        let unguarded: Vec<Taking> = unguarded.collect();
        self.right.take(&mut tx.right, &unguarded).await
    }

    async fn reserve(
        &self,
        tx: &mut Self::Tx,
        reservations: &[Reservation],
    ) -> Result<(), StoreError> {
        let mut reservations = reservations.to_vec();
        if self.breaks(Rule::ReservationKey) {
            let orders = reservations.iter().map(|new| new.decision.order_id);
            let orders: Vec<OrderId> = orders.collect();
            let known = self.right.reservations(&mut tx.right, &orders).await?;
            reservations.retain(|new| !known.contains_key(&new.decision.order_id));
        }
        if self.breaks(Rule::DecisionId) {
            for new in &mut reservations {
                new.event_id = Uuid::from_u128(!new.event_id.as_u128());
            }
        }
        self.right.reserve(&mut tx.right, &reservations).await
    }
}

impl<D: CatalogueStore> CatalogueStore for Broken<D> {
    async fn product(&self, tx: &mut Self::Tx, id: ProductId) -> Result<Option<Kept>, StoreError> {
        let mut kept = self.right.product(&mut tx.right, id).await?;
        if self.breaks(Rule::RestockKey)
            && let Some(kept) = &mut kept
        {
            kept.raises.clear();
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

    async fn raise(
        &self,
        tx: &mut Self::Tx,
        before: &ProductState,
        after: &ProductState,
        raise: Uuid,
    ) -> Result<(), StoreError> {
        self.right.raise(&mut tx.right, before, after, raise).await
    }

    async fn known_categories(
        &self,
        tx: &mut Self::Tx,
        names: &BTreeSet<CategoryName>,
    ) -> Result<BTreeSet<CategoryName>, StoreError> {
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
