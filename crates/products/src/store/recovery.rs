//! What recovery writes: the service's own past, put back where a restored database lacks it.
//!
//! A reservation that was announced, and whose order is not read yet, has no lines and the mark
//! `recovered`; a product whose state is to be published once more has the same mark. So a crash in
//! the middle leaves behind what is still to be done.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Document, doc};
use events::{OrderId, OrderStatus, ProductId, ProductState};
use futures::TryStreamExt;
use jiff::Timestamp;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};
use serde::Deserialize;
use uuid::Uuid;

use super::documents::{
    CATEGORIES, DECISIONS, PRODUCTS, StoredDecision, StoredProduct, date, order_key, product_key,
    searched, version,
};
use super::{StockDecision, changes};
use crate::domain::{Demand, StockBalance};

/// A product's stock and the version that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) version: u64,
    pub(crate) balance: StockBalance,
}

/// The tables as recovery uses them.
#[derive(Clone)]
pub(crate) struct MongoRecovery {
    pub(crate) database: MongoDatabase,
}

#[derive(Deserialize)]
struct StoredBalance {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    version: i64,
    quantity: i64,
    stocked: i64,
}

#[derive(Deserialize)]
struct StoredEventId {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    event_id: bson::Uuid,
}

impl MongoRecovery {
    /// The stock of those of `products` that there are.
    pub(crate) async fn balances(
        &self,
        tx: &mut MongoTx,
        products: impl Iterator<Item = ProductId>,
    ) -> Result<BTreeMap<ProductId, Known>, StoreError> {
        let keys: Vec<bson::Uuid> = products.map(product_key).collect();
        let fields = doc! { "version": 1, "quantity": 1, "stocked": 1 };
        let filter = doc! { "_id": { "$in": keys } };
        let found: Vec<StoredBalance> = tx.find(PRODUCTS, filter, Some(fields)).await?;
        let known = |stored: StoredBalance| {
            let balance = StockBalance {
                quantity: number(stored.quantity)?,
                stocked: number(stored.stocked)?,
            };
            let id = ProductId::from_bytes(stored.id.bytes());
            let version = number(stored.version)?;
            Ok((id, Known { version, balance }))
        };
        found.into_iter().map(known).collect()
    }

    /// Writes `products` as they are said to be, by the keys of their names, with the stock that follows, and the categories
    /// that they are in. They are to be published once more.
    pub(crate) async fn remake(
        &self,
        tx: &mut MongoTx,
        products: &[(&ProductState, String, StockBalance)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(products.len());
        let mut categories = BTreeSet::new();
        for (state, name_key, balance) in products {
            let price = bson::serialize_to_bson(&state.price).map_err(StoreError::permanent)?;
            let stock = stock(*balance)?;
            let mut set = doc! {
                "name": &state.name,
                "name_key": name_key,
                "search": searched(&state.name, &state.description),
                "description": &state.description,
                "price": price,
                "categories": &state.categories,
                "version": version(state.version)?,
                "relearned": true,
            };
            set.extend(stock);
            statements.push(doc! {
                "q": { "_id": product_key(state.product_id) },
                "u": { "$set": set, "$setOnInsert": { "created_at": date(now), "raises": [] } },
                "upsert": true,
            });
            categories.extend(state.categories.iter().map(String::as_str));
        }
        tx.update(PRODUCTS, statements).await?;
        changes::record(tx, products.iter().map(|(state, ..)| state.product_id)).await?;
        let category = |name: &str| {
            doc! {
                "q": { "_id": name },
                "u": { "$setOnInsert": { "created_at": date(now) } },
                "upsert": true,
            }
        };
        let categories = categories.into_iter().map(category).collect();
        tx.update(CATEGORIES, categories).await.map(drop)
    }

    /// Writes what is left of products once recovered orders were given theirs. They are to be
    /// published once more.
    pub(crate) async fn write_balances(
        &self,
        tx: &mut MongoTx,
        changed: &BTreeMap<ProductId, StockBalance>,
    ) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(changed.len());
        for (id, balance) in changed {
            let mut set = stock(*balance)?;
            set.insert("relearned", true);
            statements.push(doc! { "q": { "_id": product_key(*id) }, "u": { "$set": set } });
        }
        tx.update(PRODUCTS, statements).await?;
        changes::record(tx, changed.keys().copied()).await
    }

    /// Under which event ids the decisions about `orders` are kept.
    pub(crate) async fn decided(
        &self,
        tx: &mut MongoTx,
        orders: impl Iterator<Item = OrderId>,
    ) -> Result<BTreeMap<OrderId, Uuid>, StoreError> {
        let keys: Vec<bson::Uuid> = orders.map(order_key).collect();
        let filter = doc! { "_id": { "$in": keys } };
        let found: Vec<StoredEventId> = tx
            .find(DECISIONS, filter, Some(doc! { "event_id": 1 }))
            .await?;
        let said =
            |kept: StoredEventId| (OrderId::from_bytes(kept.id.bytes()), kept.event_id.into());
        Ok(found.into_iter().map(said).collect())
    }

    /// Keeps decisions whose orders' lines are not known yet.
    pub(crate) async fn announce(
        &self,
        tx: &mut MongoTx,
        decisions: &[StockDecision],
    ) -> Result<(), StoreError> {
        let mut documents = Vec::with_capacity(decisions.len());
        for decision in decisions {
            let stored = StoredDecision::new(decision);
            let mut stored = bson::serialize_to_document(&stored).map_err(StoreError::permanent)?;
            stored.insert("relearned", true);
            documents.push(stored);
        }
        self.database
            .database()
            .collection::<Document>(DECISIONS)
            .insert_many(documents)
            .session(&mut tx.session)
            .with_long_timeout()
            .await
            .map(drop)
    }

    /// Those decisions about `orders` that have no lines yet.
    pub(crate) async fn announced(
        &self,
        tx: &mut MongoTx,
        orders: impl Iterator<Item = OrderId>,
    ) -> Result<Vec<StockDecision>, StoreError> {
        let keys: Vec<bson::Uuid> = orders.map(order_key).collect();
        let filter = doc! { "_id": { "$in": keys }, "relearned": true };
        let found: Vec<StoredDecision> = tx.find(DECISIONS, filter, None).await?;
        found
            .into_iter()
            .map(StoredDecision::into_decision)
            .collect()
    }

    /// Those decisions about `orders` that gave and were not given back, without lines where those are not
    /// known yet.
    pub(crate) async fn held(
        &self,
        tx: &mut MongoTx,
        orders: impl Iterator<Item = OrderId>,
    ) -> Result<Vec<StockDecision>, StoreError> {
        let keys: Vec<bson::Uuid> = orders.map(order_key).collect();
        let filter = doc! {
            "_id": { "$in": keys },
            "status": OrderStatus::Accepted.name(),
            "released_at": null,
        };
        let found: Vec<StoredDecision> = tx.find(DECISIONS, filter, None).await?;
        found
            .into_iter()
            .map(StoredDecision::into_decision)
            .collect()
    }

    /// Gives announced decisions the lines of their orders.
    pub(crate) async fn fill_in(
        &self,
        tx: &mut MongoTx,
        lines: &BTreeMap<OrderId, Vec<Demand>>,
    ) -> Result<(), StoreError> {
        let statement = |(id, lines): (&OrderId, &Vec<Demand>)| {
            doc! {
                "q": { "_id": order_key(*id), "relearned": true },
                "u": {
                    "$set": { "lines": StoredDecision::lines(lines) },
                    "$unset": { "relearned": "" },
                },
            }
        };
        let matched = tx
            .update(DECISIONS, lines.iter().map(statement).collect())
            .await?;
        if matched == lines.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::conflict("another instance was faster"))
        }
    }

    /// Some orders whose decisions have no lines yet, at most `limit`.
    pub(crate) async fn without_lines(&self, limit: i64) -> Result<Vec<OrderId>, StoreError> {
        let marked = self.marked(DECISIONS, limit).await?;
        Ok(marked.into_iter().map(OrderId::from_bytes).collect())
    }

    /// Some products that are to be published once more, at most `limit`.
    pub(crate) async fn to_republish(&self, limit: i64) -> Result<Vec<ProductId>, StoreError> {
        let marked = self.marked(PRODUCTS, limit).await?;
        Ok(marked.into_iter().map(ProductId::from_bytes).collect())
    }

    async fn marked(&self, collection: &str, limit: i64) -> Result<Vec<[u8; 16]>, StoreError> {
        let collection = self.database.database().collection::<Document>(collection);
        let mut found = collection
            .find(doc! { "relearned": true })
            .projection(doc! { "_id": 1 })
            .limit(limit)
            .with_long_timeout()
            .await?;
        let mut ids = Vec::new();
        while let Some(marked) = found.try_next().with_long_timeout().await? {
            let id: bson::Uuid =
                bson::deserialize_from_bson(marked.get("_id").cloned().unwrap_or_default())
                    .map_err(StoreError::permanent)?;
            ids.push(id.bytes());
        }
        Ok(ids)
    }

    /// Takes the mark off those of `products` that have it, and raises their versions by one;
    /// as they are now.
    pub(crate) async fn renew(
        &self,
        tx: &mut MongoTx,
        products: &[ProductId],
    ) -> Result<Vec<ProductState>, StoreError> {
        let keys: Vec<bson::Uuid> = products.iter().copied().map(product_key).collect();
        let filter = doc! { "_id": { "$in": keys }, "relearned": true };
        let found: Vec<StoredProduct> = tx
            .find(PRODUCTS, filter, Some(doc! { "raises": 0 }))
            .await?;
        let (mut states, mut statements) = (Vec::new(), Vec::new());
        for stored in found {
            let state = stored.into_state()?;
            let state = ProductState {
                version: state.version + 1,
                ..state
            };
            statements.push(doc! {
                "q": { "_id": product_key(state.product_id), "relearned": true },
                "u": {
                    "$set": { "version": version(state.version)? },
                    "$unset": { "relearned": "" },
                },
            });
            states.push(state);
        }
        tx.update(PRODUCTS, statements).await?;
        changes::record(tx, states.iter().map(|state| state.product_id)).await?;
        Ok(states)
    }
}

fn stock(balance: StockBalance) -> Result<Document, StoreError> {
    Ok(doc! { "quantity": version(balance.quantity)?, "stocked": version(balance.stocked)? })
}

fn number(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(StoreError::permanent)
}
