//! The stock engine's tables in MongoDB.

use std::collections::BTreeMap;

use bson::{Document, doc};
use events::{OrderId, OrderStatus, ProductId, ProductState};
use jiff::Timestamp;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};

use super::documents::{
    DECISIONS, PRODUCTS, StoredDecision, StoredProduct, date, order_key, product_key, version,
};
use super::{StockChange, StockDecision, StockStore, changes};

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

    async fn deduct(&self, tx: &mut MongoTx, deductions: &[StockChange]) -> Result<(), StoreError> {
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
        change_stock(tx, statements, deductions).await
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

    async fn give_back(&self, tx: &mut MongoTx, returns: &[StockChange]) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(returns.len());
        for given in returns {
            statements.push(doc! {
                "q": { "_id": product_key(given.product_id), "version": version(given.version)? },
                "u": { "$inc": { "quantity": i64::from(given.quantity), "version": 1_i64 } },
            });
        }
        change_stock(tx, statements, returns).await
    }

    async fn mark_released(
        &self,
        tx: &mut MongoTx,
        orders: &[OrderId],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let keys: Vec<bson::Uuid> = orders.iter().copied().map(order_key).collect();
        let statement = doc! {
            "q": {
                "_id": { "$in": keys },
                "status": OrderStatus::Accepted.name(),
                "released_at": null,
            },
            "u": { "$set": { "released_at": date(at) } },
            "multi": true,
        };
        if tx.update(DECISIONS, vec![statement]).await? == orders.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::conflict(
                "what an order was given is given back by now",
            ))
        }
    }
}

async fn change_stock(
    tx: &mut MongoTx,
    statements: Vec<Document>,
    changed: &[StockChange],
) -> Result<(), StoreError> {
    if tx.update(PRODUCTS, statements).await? == changed.len() as u64 {
        changes::record(tx, changed.iter().map(|change| change.product_id)).await
    } else {
        Err(StoreError::conflict(
            "a product changed while its stock was decided",
        ))
    }
}
