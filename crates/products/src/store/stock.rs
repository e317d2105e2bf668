//! The stock engine's tables in MongoDB.

use std::collections::BTreeMap;

use bson::doc;
use events::{OrderId, ProductId, ProductState};
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, fault};

use super::documents::{
    PRODUCTS, RESERVATIONS, StoredProduct, StoredReservation, order_key, product_key, version,
};
use super::{Reservation, StockStore, Taking, changes};

impl StockStore for MongoDatabase {
    async fn reservations(
        &self,
        tx: &mut MongoTx,
        orders: &[OrderId],
    ) -> Result<BTreeMap<OrderId, Reservation>, StoreError> {
        let keys: Vec<bson::Uuid> = orders.iter().copied().map(order_key).collect();
        let filter = doc! { "_id": { "$in": keys } };
        let found: Vec<StoredReservation> = tx.find(RESERVATIONS, filter, None).await?;
        let of_order = |stored: StoredReservation| {
            let reservation = stored.into_reservation()?;
            Ok((reservation.decision.order_id, reservation))
        };
        found.into_iter().map(of_order).collect()
    }

    async fn products(
        &self,
        tx: &mut MongoTx,
        products: &[ProductId],
    ) -> Result<BTreeMap<ProductId, ProductState>, StoreError> {
        let keys: Vec<bson::Uuid> = products.iter().copied().map(product_key).collect();
        let (filter, fields) = (doc! { "_id": { "$in": keys } }, doc! { "raises": 0 });
        let found: Vec<StoredProduct> = tx.find(PRODUCTS, filter, Some(fields)).await?;
        let by_id = |stored: StoredProduct| {
            let product = stored.into_state()?;
            Ok((product.product_id, product))
        };
        found.into_iter().map(by_id).collect()
    }

    async fn take(&self, tx: &mut MongoTx, takings: &[Taking]) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(takings.len());
        for taking in takings {
            let quantity = i64::from(taking.quantity);
            statements.push(doc! {
                "q": {
                    "_id": product_key(taking.product_id),
                    "version": version(taking.version)?,
                    "quantity": { "$gte": quantity },
                },
                "u": { "$inc": { "quantity": -quantity, "version": 1_i64 } },
            });
        }
        let matched = tx.update(PRODUCTS, statements).await?;
        if matched == takings.len() as u64 {
            changes::tell(tx, takings.iter().map(|taking| taking.product_id)).await
        } else {
            Err(StoreError::conflict(
                "a product changed while its stock was decided",
            ))
        }
    }

    async fn reserve(
        &self,
        tx: &mut MongoTx,
        reservations: &[Reservation],
    ) -> Result<(), StoreError> {
        if reservations.is_empty() {
            return Ok(());
        }
        let collection = self
            .database()
            .collection::<StoredReservation>(RESERVATIONS);
        collection
            .insert_many(reservations.iter().map(StoredReservation::new))
            .session(&mut tx.session)
            .await
            .map(drop)
            .map_err(fault)
    }
}
