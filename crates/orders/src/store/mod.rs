//! The service's tables. The only place that knows MongoDB.
//!
//! | collection | a document is |
//! |---|---|
//! | `orders` | an order with its history |
//! | `product_copies` | what the owner of a product said last of it |
//! | `order_news` | which orders a transaction settled, for live updates; forgotten after minutes |
//!
//! [`OrdersStore`] is what commands and handlers need inside a transaction; it is a trait, so that
//! a simulation can run the same commands and handlers over memory. [`MongoOrders`] answers
//! questions outside of transactions.
//!
//! **How to add one.** A method on the trait in terms of the domain, its query in `mongo.rs`, and
//! its index in `prepare.rs`.

pub mod audit;
mod changes;
mod documents;
pub mod memory;
mod mongo;
mod names;
mod pending;
mod prepare;
mod reads;

use std::collections::BTreeSet;

use events::{AccountId, OrderId, OrderStatus, ProductId};
use jiff::Timestamp;
use outbox::idempotency::{Digest, IdempotencyRecord};
use outbox::{Index, OutboxStore, StoreError};
use replica::{Replica, ReplicaStore, Versioned};

use crate::domain::{Order, ProductCopy, Step};

pub use changes::OrderChanges;
pub use names::apply_name_rule;
pub use pending::PendingOrder;
pub use prepare::COLLECTIONS;
pub use reads::{MongoOrders, OrderFilter};

impl Replica for ProductCopy {
    const OF: &'static str = "product";
    const COLLECTION: &'static str = "product_copies";
    /// Not unique: a name may pass from one product to another, and their events may come in either
    /// order. Uniqueness is the owner's to keep.
    const INDEXES: &'static [Index] = &[Index::on(&["name_key"])];
}

/// The product whose copy it is, and what is kept of it.
fn product(copy: Versioned<ProductCopy>) -> (ProductId, ProductCopy) {
    (ProductId::from_bytes(copy.id.into_bytes()), copy.state)
}

/// The idempotency record of a request that became an order: a repetition gets the same answer.
pub type AnsweredOrder = IdempotencyRecord<OrderId>;

/// The state of an order, without the rest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderState {
    /// The order.
    pub id: OrderId,
    /// Whose it is.
    pub customer: AccountId,
    /// Its status.
    pub status: OrderStatus,
    /// Its version.
    pub version: u64,
}

impl From<&Order> for OrderState {
    fn from(order: &Order) -> Self {
        Self {
            id: order.id,
            customer: order.customer,
            status: order.status,
            version: order.version,
        }
    }
}

/// A transition of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTransition {
    /// The state when that was decided; the transition is made from there or not at all.
    pub from: OrderState,
    /// The step that it takes.
    pub step: Step,
    /// When it is written; live updates resume by it.
    pub written_at: Timestamp,
}

/// What commands and handlers need of the tables, inside a transaction.
pub trait OrdersStore: OutboxStore + ReplicaStore<ProductCopy> {
    /// The products whose names have these keys, and their copies; unknown ones are left out.
    fn products_named(
        &self,
        tx: &mut Self::Tx,
        keys: &BTreeSet<&str>,
    ) -> impl Future<Output = Result<Vec<(ProductId, ProductCopy)>, StoreError>> + Send;

    /// The copies of these products; unknown ones are left out.
    fn product_copies(
        &self,
        tx: &mut Self::Tx,
        ids: &BTreeSet<ProductId>,
    ) -> impl Future<Output = Result<Vec<Versioned<ProductCopy>>, StoreError>> + Send;

    /// The orders of these ids that exist.
    fn orders(
        &self,
        tx: &mut Self::Tx,
        ids: &[OrderId],
    ) -> impl Future<Output = Result<Vec<Order>, StoreError>> + Send;

    /// Writes new orders.
    ///
    /// # Errors
    /// A conflict when one of them exists.
    fn insert_orders(
        &self,
        tx: &mut Self::Tx,
        orders: &[Order],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The idempotency records of these keys.
    fn idempotency_records(
        &self,
        tx: &mut Self::Tx,
        keys: &[Digest],
    ) -> impl Future<Output = Result<Vec<AnsweredOrder>, StoreError>> + Send;

    /// Saves idempotency records.
    ///
    /// # Errors
    /// A conflict when another transaction has remembered one of the keys meanwhile.
    fn save_idempotency_records(
        &self,
        tx: &mut Self::Tx,
        requests: &[AnsweredOrder],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes the steps, each from where its order stood.
    ///
    /// # Errors
    /// A conflict when an order stands elsewhere by now.
    fn settle(
        &self,
        tx: &mut Self::Tx,
        steps: &[OrderTransition],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
