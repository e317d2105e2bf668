//! Reading the catalogue, a page at a time.
//!
//! Pages are cut by key, not by number: each begins after the last product of the one
//! before, so a product that is added meanwhile neither repeats nor hides another.

use bson::{Document, doc};
use events::{ProductId, ProductState, names};
use futures::TryStreamExt;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, WithTimeout};

use super::documents::{CATEGORIES, PRODUCTS, StoredCategory, StoredProduct, product_key};
use super::{After, Catalogue, Listing, Page, Sort};
use crate::domain::CategoryName;

impl Sort {
    fn keys(self) -> Document {
        match self {
            Self::Name => doc! { "name_key": 1 },
            Self::NameDown => doc! { "name_key": -1 },
            Self::Price => doc! { "price.minor": 1, "_id": 1 },
            Self::PriceDown => doc! { "price.minor": -1, "_id": -1 },
            Self::Newest => doc! { "_id": -1 },
        }
    }

    /// What lies behind `after`.
    fn behind(self, after: &After) -> Document {
        let id = product_key(after.id);
        let past = match self {
            Self::Name | Self::Price => "$gt",
            Self::NameDown | Self::PriceDown | Self::Newest => "$lt",
        };
        match self {
            // Names are unique, so there is no tie to break.
            Self::Name | Self::NameDown => doc! { "name_key": { past: after.name_key.clone() } },
            Self::Price | Self::PriceDown => doc! { "$or": [
                { "price.minor": { past: after.price } },
                { "price.minor": after.price, "_id": { past: id } },
            ] },
            Self::Newest => doc! { "_id": { past: id } },
        }
    }
}

fn to_query(listing: &Listing) -> Document {
    let mut all_of = Vec::new();
    if let Some(category) = &listing.filter.category {
        all_of.push(doc! { "categories": category.as_str() });
    }
    if let Some(text) = &listing.filter.search {
        let folded = doc! { "$regex": literally(text) };
        let pattern = doc! { "$regex": literally(text), "$options": "i" };
        all_of.push(doc! { "$or": [
            { "name": pattern.clone() },
            { "description": pattern },
            { "search": folded },
        ] });
    }
    if let Some(after) = &listing.after {
        all_of.push(listing.sort.behind(after));
    }
    if all_of.is_empty() {
        Document::new()
    } else {
        doc! { "$and": all_of }
    }
}

/// A regular expression that matches `text` and nothing else, whatever signs it has.
fn literally(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        // PCRE takes a backslash before any ASCII sign that is no letter or digit as: this sign.
        if c.is_ascii() && !c.is_ascii_alphanumeric() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

impl Catalogue for MongoDatabase {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        let size = usize::try_from(listing.size).unwrap_or(usize::MAX);
        let mut found = self
            .database()
            .collection::<StoredProduct>(PRODUCTS)
            .find(to_query(listing))
            .sort(listing.sort.keys())
            // One more than asked for tells whether there is a next page.
            .limit(i64::from(listing.size) + 1)
            .with_timeout()
            .await?;
        let (mut page, mut last) = (Page::default(), None);
        while let Some(stored) = found.try_next().with_timeout().await? {
            if page.products.len() == size {
                page.next = last.as_ref().map(|last| listing.sort.place(last));
                break;
            }
            let listed = stored.into_listed()?;
            page.products.push(listed.product.clone());
            last = Some(listed);
        }
        Ok(page)
    }

    async fn find_by_id(&self, id: ProductId) -> Result<Option<ProductState>, StoreError> {
        find_one(self, doc! { "_id": product_key(id) }).await
    }

    async fn find_by_name(&self, name: &str) -> Result<Option<ProductState>, StoreError> {
        // One that has kept its former key is found by it alone.
        let mut keys = vec![names::former_key(name), names::key(name)];
        keys.dedup();
        for name_key in keys {
            let found = find_one(self, doc! { "name_key": name_key }).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    async fn category(&self, name: &CategoryName) -> Result<Option<CategoryName>, StoreError> {
        let categories = self.database().collection::<StoredCategory>(CATEGORIES);
        let named = StoredCategory::named(std::iter::once(name));
        let found = categories.find(named).with_timeout().await?;
        let found: Vec<StoredCategory> = found.try_collect().with_timeout().await?;
        Ok(StoredCategory::of_name(&found, name))
    }

    async fn categories(&self) -> Result<Vec<String>, StoreError> {
        let categories = self.database().collection::<StoredCategory>(CATEGORIES);
        let mut found = categories
            .find(Document::new())
            .sort(doc! { "_id": 1 })
            .with_timeout()
            .await?;
        let mut names = Vec::new();
        while let Some(category) = found.try_next().with_timeout().await? {
            names.push(category.name);
        }
        Ok(names)
    }
}

async fn find_one(
    database: &MongoDatabase,
    filter: Document,
) -> Result<Option<ProductState>, StoreError> {
    let products = database.database().collection::<StoredProduct>(PRODUCTS);
    let found = products.find_one(filter).with_timeout().await?;
    found.map(StoredProduct::into_state).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_its_text_only() {
        assert_eq!(literally("a.b*"), r"a\.b\*");
        assert_eq!(literally(r"\E(x"), r"\\E\(x");
        assert_eq!(literally("café 9"), r"café\ 9");
    }
}
