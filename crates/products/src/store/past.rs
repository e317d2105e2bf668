//! What relearning writes: the service's own past, put back where a restored database lacks it.
//!
//! A reservation that was announced, and whose order is not read yet, has no lines and the mark
//! `relearned`; a product whose state is to be said once more has the same mark. So a crash in
//! the middle leaves behind what is still to be done.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Document, doc};
use events::{OrderId, ProductId, ProductState};
use futures::TryStreamExt;
use jiff::Timestamp;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, fault};
use serde::Deserialize;
use uuid::Uuid;

use super::documents::{
    CATEGORIES, PRODUCTS, RESERVATIONS, StoredProduct, StoredReservation, date, order_key,
    product_key, version,
};
use super::{Reservation, changes};
use crate::domain::{Books, Demand, ProductName};

/// A product's stock and the version that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) version: u64,
    pub(crate) books: Books,
}

/// The tables as relearning uses them.
#[derive(Clone)]
pub(crate) struct MongoPast {
    pub(crate) database: MongoDatabase,
}

#[derive(Deserialize)]
struct StoredBooks {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    version: i64,
    quantity: i64,
    stocked: i64,
}

#[derive(Deserialize)]
struct StoredSaying {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    event_id: bson::Uuid,
}

impl MongoPast {
    /// The stock of those of `products` that there are.
    pub(crate) async fn books(
        &self,
        tx: &mut MongoTx,
        products: impl Iterator<Item = ProductId>,
    ) -> Result<BTreeMap<ProductId, Known>, StoreError> {
        let keys: Vec<bson::Uuid> = products.map(product_key).collect();
        let fields = doc! { "version": 1, "quantity": 1, "stocked": 1 };
        let filter = doc! { "_id": { "$in": keys } };
        let found: Vec<StoredBooks> = tx.find(PRODUCTS, filter, Some(fields)).await?;
        let known = |stored: StoredBooks| {
            let books = Books {
                quantity: number(stored.quantity)?,
                stocked: number(stored.stocked)?,
            };
            let id = ProductId::from_bytes(stored.id.bytes());
            let version = number(stored.version)?;
            Ok((id, Known { version, books }))
        };
        found.into_iter().map(known).collect()
    }

    /// Writes `products` as they are said to be, with the stock that follows, and the categories
    /// that they are in. They are to be said once more.
    pub(crate) async fn remake(
        &self,
        tx: &mut MongoTx,
        products: &[(&ProductState, Books)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(products.len());
        let mut categories = BTreeSet::new();
        for (state, books) in products {
            let price = bson::serialize_to_bson(&state.price).map_err(StoreError::permanent)?;
            let stock = stock(*books)?;
            let mut set = doc! {
                "name": &state.name,
                "name_key": ProductName::key_of(&state.name),
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
        changes::tell(tx, products.iter().map(|(state, _)| state.product_id)).await?;
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

    /// Writes what is left of products once relearned orders were given theirs. They are to be
    /// said once more.
    pub(crate) async fn write_books(
        &self,
        tx: &mut MongoTx,
        changed: &BTreeMap<ProductId, Books>,
    ) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(changed.len());
        for (id, books) in changed {
            let mut set = stock(*books)?;
            set.insert("relearned", true);
            statements.push(doc! { "q": { "_id": product_key(*id) }, "u": { "$set": set } });
        }
        tx.update(PRODUCTS, statements).await?;
        changes::tell(tx, changed.keys().copied()).await
    }

    /// Under which event ids the decisions about `orders` are kept.
    pub(crate) async fn decided(
        &self,
        tx: &mut MongoTx,
        orders: impl Iterator<Item = OrderId>,
    ) -> Result<BTreeMap<OrderId, Uuid>, StoreError> {
        let keys: Vec<bson::Uuid> = orders.map(order_key).collect();
        let filter = doc! { "_id": { "$in": keys } };
        let found: Vec<StoredSaying> = tx
            .find(RESERVATIONS, filter, Some(doc! { "event_id": 1 }))
            .await?;
        let said =
            |kept: StoredSaying| (OrderId::from_bytes(kept.id.bytes()), kept.event_id.into());
        Ok(found.into_iter().map(said).collect())
    }

    /// Keeps decisions whose orders' lines are not known yet.
    pub(crate) async fn announce(
        &self,
        tx: &mut MongoTx,
        decisions: &[Reservation],
    ) -> Result<(), StoreError> {
        let mut documents = Vec::with_capacity(decisions.len());
        for decision in decisions {
            let stored = StoredReservation::new(decision);
            let mut stored = bson::serialize_to_document(&stored).map_err(StoreError::permanent)?;
            stored.insert("relearned", true);
            documents.push(stored);
        }
        self.database
            .database()
            .collection::<Document>(RESERVATIONS)
            .insert_many(documents)
            .session(&mut tx.session)
            .await
            .map(drop)
            .map_err(fault)
    }

    /// Those decisions about `orders` that have no lines yet.
    pub(crate) async fn announced(
        &self,
        tx: &mut MongoTx,
        orders: impl Iterator<Item = OrderId>,
    ) -> Result<Vec<Reservation>, StoreError> {
        let keys: Vec<bson::Uuid> = orders.map(order_key).collect();
        let filter = doc! { "_id": { "$in": keys }, "relearned": true };
        let found: Vec<StoredReservation> = tx.find(RESERVATIONS, filter, None).await?;
        found
            .into_iter()
            .map(StoredReservation::into_reservation)
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
                    "$set": { "lines": StoredReservation::lines(lines) },
                    "$unset": { "relearned": "" },
                },
            }
        };
        let matched = tx
            .update(RESERVATIONS, lines.iter().map(statement).collect())
            .await?;
        if matched == lines.len() as u64 {
            Ok(())
        } else {
            Err(StoreError::conflict("another instance was faster"))
        }
    }

    /// Some orders whose decisions have no lines yet, at most `limit`.
    pub(crate) async fn without_lines(&self, limit: i64) -> Result<Vec<OrderId>, StoreError> {
        let marked = self.marked(RESERVATIONS, limit).await?;
        Ok(marked.into_iter().map(OrderId::from_bytes).collect())
    }

    /// Some products that are to be said once more, at most `limit`.
    pub(crate) async fn to_be_said(&self, limit: i64) -> Result<Vec<ProductId>, StoreError> {
        let marked = self.marked(PRODUCTS, limit).await?;
        Ok(marked.into_iter().map(ProductId::from_bytes).collect())
    }

    async fn marked(&self, collection: &str, limit: i64) -> Result<Vec<[u8; 16]>, StoreError> {
        let collection = self.database.database().collection::<Document>(collection);
        let mut found = collection
            .find(doc! { "relearned": true })
            .projection(doc! { "_id": 1 })
            .limit(limit)
            .await
            .map_err(fault)?;
        let mut ids = Vec::new();
        while let Some(marked) = found.try_next().await.map_err(fault)? {
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
        changes::tell(tx, states.iter().map(|state| state.product_id)).await?;
        Ok(states)
    }
}

fn stock(books: Books) -> Result<Document, StoreError> {
    Ok(doc! { "quantity": version(books.quantity)?, "stocked": version(books.stocked)? })
}

fn number(stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(StoreError::permanent)
}
