//! A local copy made anew: built beside the live one, compared, and put in its place.
//!
//! The owner's topic keeps the newest record of each key, so a copy can always be made from
//! it. `quadrille rebuild` reads the topic and hands the states over; the collections, the
//! comparison and the swap are here.

use std::collections::BTreeMap;

use bson::{Document, doc};
use events::{ProductId, ProductState};
use host::Service;
use outbox::mongo::{MongoDatabase, MongoTx, WithTimeout};
use outbox::{Database, StoreError, Work, transact};

use super::documents::{ProductDocument, uuid};
use super::prepare::PRODUCTS;
use crate::Orders;
use crate::domain::{ProductCopy, newest};

/// The collection in which the copy is built.
const BESIDE: &str = "product_copies_rebuild";
/// The most statements in one command.
const CHUNK: usize = 1_000;

/// A product whose live copy is not what the topic says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The product.
    pub id: ProductId,
    /// What is live.
    pub live: Live,
    /// What the topic says; `None` when it does not know the product.
    pub built: Option<ProductCopy>,
}

/// What there is of a product's live copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// Nothing.
    Missing,
    /// Something that is no copy of a product.
    Unreadable,
    /// A copy.
    Copy(ProductCopy),
}

impl Difference {
    /// Whether taking over what was built would take the copy back to an older version, or away.
    pub fn goes_back(&self) -> bool {
        match (&self.live, &self.built) {
            (Live::Copy(live), Some(built)) => live.version > built.version,
            (Live::Copy(_) | Live::Unreadable, None) => true,
            (Live::Missing | Live::Unreadable, _) => false,
        }
    }
}

/// What a swap came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swapped {
    /// Differences that are no more.
    pub taken: Vec<Difference>,
    /// Differences that were left because they go back.
    pub left: Vec<Difference>,
}

/// The copies of products, built beside the live ones.
pub struct ProductCopies {
    database: MongoDatabase,
    built: BTreeMap<ProductId, u64>,
}

impl ProductCopies {
    /// An empty collection beside the live one. What an earlier rebuild left there is deleted.
    pub async fn begin(database: &MongoDatabase) -> Result<Self, StoreError> {
        let copies = Self {
            database: database.clone(),
            built: BTreeMap::new(),
        };
        copies.discard().await?;
        database.create_collection(BESIDE).await?;
        Ok(copies)
    }

    /// Takes states over, in any order: of each product the newest one stays.
    pub async fn take(&mut self, states: &[ProductState]) -> Result<(), StoreError> {
        let newer = newest(states, |id| self.built.get(&id).copied());
        for chunk in newer.chunks(CHUNK) {
            let mut tx = self.database.begin().await?;
            tx.update(BESIDE, chunk.iter().map(put).collect()).await?;
            self.database.commit(tx).await?;
        }
        let versions = newer.iter().map(|copy| (copy.id, copy.version));
        self.built.extend(versions);
        Ok(())
    }

    /// How many products were built.
    pub fn built(&self) -> usize {
        self.built.len()
    }

    /// Every product whose live copy is another one than that beside it.
    pub async fn compare(&self) -> Result<Vec<Difference>, StoreError> {
        let mut tx = self.database.begin().await?;
        let found = differences(&mut tx).await;
        self.database.abort(tx).await;
        found
    }

    /// Makes the live copies equal to those beside, which were built from `topic`.
    ///
    /// What would [go back](Difference::goes_back) is left alone, unless it is one of `back`: a
    /// running service may have consumed more meanwhile than what was built from. So read on to
    /// where the service is and swap again; a difference that is still the same one then does
    /// not come from the topic.
    ///
    /// One transaction with the checkpoints of `topic`, whose epochs rise: a running inbox is
    /// fenced, claims again and goes on from its checkpoint, and its version guards make a
    /// record that comes again harmless.
    pub async fn swap(&self, topic: &str, back: &[Difference]) -> Result<Swapped, StoreError> {
        let mut work = Swapping {
            database: &self.database,
            topic,
            back,
        };
        let found = work.sort(self.compare().await?);
        if found.taken.is_empty() {
            // No inbox is disturbed for nothing.
            return Ok(found);
        }
        transact(&self.database, &mut work).await
    }

    /// Deletes what was built beside.
    pub async fn discard(&self) -> Result<(), StoreError> {
        let beside = self.database.database().collection::<Document>(BESIDE);
        beside.drop().with_long_timeout().await
    }
}

struct Swapping<'a> {
    database: &'a MongoDatabase,
    topic: &'a str,
    back: &'a [Difference],
}

impl Swapping<'_> {
    /// What is to be taken over of what was found, and what is to be left.
    fn sort(&self, found: Vec<Difference>) -> Swapped {
        let (left, taken) = found
            .into_iter()
            .partition(|found| found.goes_back() && !self.back.contains(found));
        Swapped { taken, left }
    }
}

impl Work<MongoDatabase> for Swapping<'_> {
    type Output = Swapped;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<Swapped, StoreError> {
        // First of all: what the inbox moves between this transaction's first look and this line would be
        // a conflict, and a busy one moves its checkpoints all the time.
        self.database.fence(tx, Orders::NAME, self.topic).await?;
        let Swapped { taken, left } = self.sort(differences(tx).await?);
        let (mut puts, mut gone) = (Vec::new(), Vec::new());
        for difference in &taken {
            match &difference.built {
                Some(built) => puts.push(put(built)),
                None => gone.push(uuid(difference.id.into_bytes())),
            }
        }
        for chunk in puts.chunks(CHUNK) {
            tx.update(PRODUCTS, chunk.to_vec()).await?;
        }
        if !gone.is_empty() {
            let live = self.database.database().collection::<Document>(PRODUCTS);
            live.delete_many(doc! { "_id": { "$in": gone } })
                .session(&mut tx.session)
                .with_long_timeout()
                .await?;
        }
        Ok(Swapped { taken, left })
    }
}

/// The statement that makes a copy what `copy` says, whatever it was.
fn put(copy: &ProductCopy) -> Document {
    doc! {
        "q": { "_id": uuid(copy.id.into_bytes()) },
        "u": {
            "name": &copy.name,
            "price": copy.price.minor,
            "currency": copy.price.currency.code(),
            "quantity": i64::from(copy.quantity),
            "version": copy.version.cast_signed(),
        },
        "upsert": true,
    }
}

async fn differences(tx: &mut MongoTx) -> Result<Vec<Difference>, StoreError> {
    let mut live = BTreeMap::new();
    for stored in tx.find::<Document>(PRODUCTS, doc! {}, None).await? {
        // Damage is what a rebuild is for: a copy that can't be read must not stop it.
        let id = bson::deserialize_from_bson::<bson::Uuid>(
            stored.get("_id").cloned().unwrap_or_default(),
        )
        .map_err(|_| StoreError::permanent(format!("{PRODUCTS} holds {stored}, without an id")))?;
        let copy = bson::deserialize_from_document::<ProductDocument>(stored)
            .ok()
            .and_then(|stored| stored.into_domain().ok())
            .map_or(Live::Unreadable, Live::Copy);
        live.insert(ProductId::from_bytes(id.bytes()), copy);
    }
    let mut found = Vec::new();
    for stored in tx.find::<ProductDocument>(BESIDE, doc! {}, None).await? {
        let built = stored.into_domain()?;
        let live = live.remove(&built.id).unwrap_or(Live::Missing);
        if live != Live::Copy(built.clone()) {
            found.push(Difference {
                id: built.id,
                live,
                built: Some(built),
            });
        }
    }
    found.extend(live.into_iter().map(|(id, live)| Difference {
        id,
        live,
        built: None,
    }));
    found.sort_by_key(|difference| difference.id);
    Ok(found)
}
