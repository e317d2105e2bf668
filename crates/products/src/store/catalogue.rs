//! The catalogue's tables in MongoDB.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Document, doc};
use events::{ProductId, ProductState};
use jiff::Timestamp;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};
use uuid::Uuid;

use super::documents::{
    CATEGORIES, PRODUCTS, RESTOCKS_KEPT, StoredCategory, StoredProduct, date, product_key, version,
};
use super::{CatalogueStore, ProductRecord, changes};
use crate::domain::CategoryName;

async fn find_product(
    database: &MongoDatabase,
    tx: &mut MongoTx,
    filter: Document,
) -> Result<Option<StoredProduct>, StoreError> {
    let products = database.database().collection::<StoredProduct>(PRODUCTS);
    products
        .find_one(filter)
        .session(&mut tx.session)
        .with_timeout()
        .await
}

impl CatalogueStore for MongoDatabase {
    async fn product(
        &self,
        tx: &mut MongoTx,
        id: ProductId,
    ) -> Result<Option<ProductRecord>, StoreError> {
        let found = find_product(self, tx, doc! { "_id": product_key(id) }).await?;
        found.map(StoredProduct::into_record).transpose()
    }

    async fn product_by_name_key(
        &self,
        tx: &mut MongoTx,
        name_key: &str,
    ) -> Result<Option<ProductState>, StoreError> {
        let found = find_product(self, tx, doc! { "name_key": name_key }).await?;
        found.map(StoredProduct::into_state).transpose()
    }

    async fn add_product(
        &self,
        tx: &mut MongoTx,
        product: &ProductState,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.database()
            .collection::<StoredProduct>(PRODUCTS)
            .insert_one(StoredProduct::new(product, at)?)
            .session(&mut tx.session)
            .with_timeout()
            .await?;
        changes::record(tx, std::iter::once(product.product_id)).await
    }

    async fn restock(
        &self,
        tx: &mut MongoTx,
        before: &ProductState,
        after: &ProductState,
        restock_id: Uuid,
    ) -> Result<(), StoreError> {
        let more = i64::from(after.quantity) - i64::from(before.quantity);
        let statement = doc! {
            "q": { "_id": product_key(before.product_id), "version": version(before.version)? },
            "u": {
                "$inc": { "quantity": more, "stocked": more },
                "$set": { "version": version(after.version)? },
                "$push": {
                    "raises": { "$each": [bson::Uuid::from(restock_id)], "$slice": -RESTOCKS_KEPT },
                },
            },
        };
        match tx.update(PRODUCTS, vec![statement]).await? {
            1 => changes::record(tx, std::iter::once(before.product_id)).await,
            _ => Err(StoreError::conflict(
                "the product changed while it was restocked",
            )),
        }
    }

    async fn known_categories(
        &self,
        tx: &mut MongoTx,
        names: &BTreeSet<CategoryName>,
    ) -> Result<BTreeMap<CategoryName, CategoryName>, StoreError> {
        let filter = StoredCategory::named(names.iter());
        let found: Vec<StoredCategory> = tx.find(CATEGORIES, filter, None).await?;
        let known = |name: &CategoryName| {
            StoredCategory::of_name(&found, name).map(|stored| (name.clone(), stored))
        };
        Ok(names.iter().filter_map(known).collect())
    }

    async fn add_category(
        &self,
        tx: &mut MongoTx,
        name: &CategoryName,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.database()
            .collection::<StoredCategory>(CATEGORIES)
            .insert_one(StoredCategory {
                name: name.to_string(),
                name_key: Some(name.key()),
                created_at: date(at),
            })
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }
}
