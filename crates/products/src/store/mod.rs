//! What the service keeps, as ports and their MongoDB adapter; the only place with BSON.
//!
//! | collection | a document is |
//! |---|---|
//! | `products` | a product: its public state, what was ever put in (`stocked`), its latest restocks |
//! | `categories` | a category; its `_id` is its name, `name_key` what is unique about it |
//! | `stock_decisions` | what was decided about an order; its `_id` is the order's |
//! | `product_changes` | the products that changed latest, for catalogues in memory |
//!
//! Commands and handlers know the traits only, so that the same code runs in a simulation.

pub mod audit;
mod catalogue;
pub(crate) mod changes;
mod documents;
mod listing;
pub mod memory;
mod names;
mod page;
mod prepare;
pub(crate) mod recovery;
mod stock;

use std::collections::{BTreeMap, BTreeSet};

use events::{OrderId, ProductId, ProductState};
use jiff::Timestamp;
use outbox::{OutboxStore, StoreError};
use uuid::Uuid;

use crate::domain::{CategoryName, Decision};

pub use names::apply_name_rule;
pub use page::{After, Filter, Listed, Listing, Page, Sort};
pub use prepare::COLLECTIONS;

/// The database that a running service has.
pub type ShopDatabase = outbox::mongo::MongoDatabase;

/// The stock decision about an order, accepted or rejected: it never changes and is never removed. What
/// an accepted order was given is given back at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockDecision {
    /// What was decided.
    pub decision: Decision,
    /// The id of the event that says so, each time it is published.
    pub event_id: Uuid,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// When what it was given was given back, because the order was cancelled.
    pub released_at: Option<Timestamp>,
}

/// What orders take from the stock of a product, or give back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockChange {
    /// The product.
    pub product_id: ProductId,
    /// The version that was read; when it has changed, nothing happens.
    pub version: u64,
    /// How many, at least 1.
    pub quantity: u32,
}

/// A product as a command sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRecord {
    /// Its public state.
    pub product: ProductState,
    /// The latest restocks, by the ids of their requests.
    pub restocks: Vec<Uuid>,
}

/// The tables of the stock engine.
pub trait StockStore: OutboxStore {
    /// The stock decisions that were made already about any of `orders`.
    fn stock_decisions(
        &self,
        tx: &mut Self::Tx,
        orders: &[OrderId],
    ) -> impl Future<Output = Result<BTreeMap<OrderId, StockDecision>, StoreError>> + Send;

    /// Those of `products` that there are.
    fn products(
        &self,
        tx: &mut Self::Tx,
        products: &[ProductId],
    ) -> impl Future<Output = Result<BTreeMap<ProductId, ProductState>, StoreError>> + Send;

    /// Deducts stock, one guarded write for each product; the product's version rises by one.
    ///
    /// # Errors
    /// [`Conflict`](outbox::ErrorKind::Conflict) when a product has changed since it was
    /// read or has too little: decide again.
    fn deduct(
        &self,
        tx: &mut Self::Tx,
        deductions: &[StockChange],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Saves stock decisions. None of their orders may have one.
    ///
    /// # Errors
    /// [`Conflict`](outbox::ErrorKind::Conflict) when one has by now.
    fn save_decisions(
        &self,
        tx: &mut Self::Tx,
        stock_decisions: &[StockDecision],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives stock back, one guarded write for each product; the product's version rises by one.
    ///
    /// # Errors
    /// [`Conflict`](outbox::ErrorKind::Conflict) when a product has changed since it was read.
    fn give_back(
        &self,
        tx: &mut Self::Tx,
        returns: &[StockChange],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Marks that what `orders` were given is given back.
    ///
    /// # Errors
    /// [`Conflict`](outbox::ErrorKind::Conflict) when one of them was given nothing, or has given it back
    /// by now.
    fn mark_released(
        &self,
        tx: &mut Self::Tx,
        orders: &[OrderId],
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The tables of the catalogue.
pub trait CatalogueStore: OutboxStore {
    /// The product with the id `id`.
    fn product(
        &self,
        tx: &mut Self::Tx,
        id: ProductId,
    ) -> impl Future<Output = Result<Option<ProductRecord>, StoreError>> + Send;

    /// The product whose name has the key `name_key`.
    fn product_by_name_key(
        &self,
        tx: &mut Self::Tx,
        name_key: &str,
    ) -> impl Future<Output = Result<Option<ProductState>, StoreError>> + Send;

    /// Adds a product; all that it has counts as put in now.
    ///
    /// # Errors
    /// [`Conflict`](outbox::ErrorKind::Conflict) when its id or name is taken by now.
    fn add_product(
        &self,
        tx: &mut Self::Tx,
        product: &ProductState,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Raises the stock of the product that was read as `before` to that of `after`, and
    /// remembers the raise by its id.
    ///
    /// # Errors
    /// [`Conflict`](outbox::ErrorKind::Conflict) when it has changed since.
    fn restock(
        &self,
        tx: &mut Self::Tx,
        before: &ProductState,
        after: &ProductState,
        restock_id: Uuid,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Those of `names` that are categories, each with the name that it is stored by.
    fn known_categories(
        &self,
        tx: &mut Self::Tx,
        names: &BTreeSet<CategoryName>,
    ) -> impl Future<Output = Result<BTreeMap<CategoryName, CategoryName>, StoreError>> + Send;

    /// Adds a category.
    ///
    /// # Errors
    /// [`Conflict`](outbox::ErrorKind::Conflict) when it is there by now.
    fn add_category(
        &self,
        tx: &mut Self::Tx,
        name: &CategoryName,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What readers of the catalogue ask, outside of any transaction.
pub trait Catalogue: Clone + Send + Sync + 'static {
    /// The products that `listing` asks for, one page of them.
    fn list(&self, listing: &Listing) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// The product with the id `id`.
    fn find_by_id(
        &self,
        id: ProductId,
    ) -> impl Future<Output = Result<Option<ProductState>, StoreError>> + Send;

    /// The product that is called `name`, by the rule for names.
    fn find_by_name(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<ProductState>, StoreError>> + Send;

    /// The category `name` as it is stored, if it is one.
    fn category(
        &self,
        name: &CategoryName,
    ) -> impl Future<Output = Result<Option<CategoryName>, StoreError>> + Send;

    /// The names of all categories, sorted.
    fn categories(&self) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;
}
