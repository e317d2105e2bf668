//! The stock engine's tables in MongoDB.

use std::collections::BTreeMap;

use bson::doc;
use events::{OrderId, ProductId, ProductState};
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};

use super::documents::{
    DECISIONS, PRODUCTS, StoredDecision, StoredProduct, order_key, product_key, version,
};
use super::{StockDecision, StockDeduction, StockStore, changes};

impl StockStore for MongoDatabase {
    async fn stock_decisions(
        &self,
        tx: &mut MongoTx,
        orders: &[OrderId],
    ) -> Result<BTreeMap<OrderId, StockDecision>, StoreError> {
        let keys: Vec<bson::Uuid> = orders.iter().copied().map(order_key).collect();
        let filter = doc! { "_id": { "$in": keys } };
        let found: Vec<StoredDecision> = tx.find(DECISIONS, filter, None).await?;
        let of_order = |stored: StoredDecision| {
            let stock_decision = stored.into_decision()?;
            Ok((stock_decision.decision.order_id, stock_decision))
        };
        found.into_iter().map(of_order).collect()
    }

    async fn products(
        &self,
        tx: &mut MongoTx,
        products: &[ProductId],
    ) -> Result<BTreeMap<ProductId, ProductState>, StoreError> {
        let keys: Vec<bson::Uuid> = products.iter().copied().map(product_key).collect();
        let (filter, fields) = (
            doc! { "_id": { "$in": keys } },
            doc! { "raises": 0, "search": 0 },
        );
        let found: Vec<StoredProduct> = tx.find(PRODUCTS, filter, Some(fields)).await?;
        let by_id = |stored: StoredProduct| {
            let product = stored.into_state()?;
            Ok((product.product_id, product))
        };
        found.into_iter().map(by_id).collect()
    }

    async fn deduct(
        &self,
        tx: &mut MongoTx,
        deductions: &[StockDeduction],
    ) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(deductions.len());
        for deduction in deductions {
            let quantity = i64::from(deduction.quantity);
            statements.push(doc! {
                "q": {
                    "_id": product_key(deduction.product_id),
                    "version": version(deduction.version)?,
                    "quantity": { "$gte": quantity },
                },
                "u": { "$inc": { "quantity": -quantity, "version": 1_i64 } },
            });
        }
        let matched = tx.update(PRODUCTS, statements).await?;
        if matched == deductions.len() as u64 {
            changes::record(tx, deductions.iter().map(|deduction| deduction.product_id)).await
        } else {
            Err(StoreError::conflict(
                "a product changed while its stock was decided",
            ))
        }
    }

    async fn save_decisions(
        &self,
        tx: &mut MongoTx,
        stock_decisions: &[StockDecision],
    ) -> Result<(), StoreError> {
        if stock_decisions.is_empty() {
            return Ok(());
        }
        let collection = self.database().collection::<StoredDecision>(DECISIONS);
        collection
            .insert_many(stock_decisions.iter().map(StoredDecision::new))
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }
}
