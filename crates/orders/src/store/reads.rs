//! Questions about orders, outside of transactions.

use bson::{Bson, Document, doc};
use events::{AccountId, OrderId, OrderStatus};
use futures::TryStreamExt;
use jiff::Timestamp;
use mongodb::Collection;
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, WithTimeout};

use super::documents::{OrderDocument, date, time, uuid};
use super::prepare::{CHANGE_EVENTS, ORDERS};
use crate::domain::Order;

/// Which orders a list is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderFilter {
    /// Those of this customer.
    pub customer: Option<AccountId>,
    /// Those that stand here.
    pub status: Option<OrderStatus>,
    /// This one.
    pub id: Option<OrderId>,
}

/// The orders, to be read.
#[derive(Clone)]
pub struct MongoOrders {
    database: MongoDatabase,
}

impl MongoOrders {
    /// The orders in `database`.
    pub fn new(database: MongoDatabase) -> Self {
        Self { database }
    }

    /// The database that they are in.
    pub fn database(&self) -> &MongoDatabase {
        &self.database
    }

    pub(super) fn collection<T: Send + Sync>(&self) -> Collection<T> {
        self.database.database().collection(ORDERS)
    }

    pub(super) fn change_events(&self) -> Collection<Document> {
        self.database.database().collection(CHANGE_EVENTS)
    }

    /// The order `id`, if it exists.
    pub async fn by_id(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let found = self
            .collection::<OrderDocument>()
            .find_one(doc! { "_id": uuid(id.into_bytes()) })
            .with_timeout()
            .await?;
        found.map(OrderDocument::into_domain).transpose()
    }

    /// The orders of these ids that exist, in no order.
    pub async fn by_ids(&self, ids: &[OrderId]) -> Result<Vec<Order>, StoreError> {
        let ids: Vec<Bson> = ids.iter().map(|id| uuid(id.into_bytes()).into()).collect();
        let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        self.find(doc! { "_id": { "$in": ids } }, doc! {}, limit)
            .await
    }

    /// At most `limit` orders, newest first, from the one after `after` on.
    ///
    /// An order placed while someone turns pages never moves another one: ids rise with time.
    pub async fn newest(
        &self,
        filter: OrderFilter,
        after: Option<OrderId>,
        limit: i64,
    ) -> Result<Vec<Order>, StoreError> {
        let mut query = doc! {};
        if let Some(customer) = filter.customer {
            query.insert("customer", uuid(customer.into_bytes()));
        }
        if let Some(status) = filter.status {
            query.insert("status", status.name());
        }
        let mut id = doc! {};
        if let Some(only) = filter.id {
            id.insert("$eq", uuid(only.into_bytes()));
        }
        if let Some(after) = after {
            id.insert("$lt", uuid(after.into_bytes()));
        }
        if !id.is_empty() {
            query.insert("_id", id);
        }
        self.find(query, doc! { "_id": -1 }, limit).await
    }

    /// At most `limit` orders that have taken a step since they were placed, oldest first, from the one
    /// after `after` on.
    pub(crate) async fn moved_on(
        &self,
        after: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError> {
        let mut query = doc! { "version": { "$gt": 1_i64 } };
        if let Some(after) = after {
            query.insert("_id", doc! { "$gt": uuid(after.into_bytes()) });
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.find(query, doc! { "_id": 1 }, limit).await
    }

    /// What of `customer`'s orders changed at `since` or later, in the order of the changes, each
    /// with the time of its last one; at most `limit`, from the one after `after` on.
    ///
    /// Goes through the customer's orders by the index that lists them; an index of its own would
    /// cost each order's settlement more than a reconnecting browser saves.
    pub async fn changed_since(
        &self,
        customer: AccountId,
        since: Timestamp,
        after: Option<(Timestamp, OrderId)>,
        limit: i64,
    ) -> Result<Vec<(Timestamp, Order)>, StoreError> {
        let mut query = doc! {
            "customer": uuid(customer.into_bytes()),
            "last_change.at": { "$gte": date(since) },
        };
        if let Some((at, id)) = after {
            query.insert(
                "$or",
                vec![
                    doc! { "last_change.at": { "$gt": date(at) } },
                    doc! { "last_change.at": date(at), "_id": { "$gt": uuid(id.into_bytes()) } },
                ],
            );
        }
        let found: Vec<OrderDocument> = self
            .collection()
            .find(query)
            .sort(doc! { "last_change.at": 1, "_id": 1 })
            .limit(limit)
            .with_timeout()
            .await?
            .try_collect()
            .with_timeout()
            .await?;
        found
            .into_iter()
            .map(|stored| {
                let at = stored
                    .last_change
                    .as_ref()
                    .map_or(stored.created_at, |last| last.at);
                Ok((time(at)?, stored.into_domain()?))
            })
            .collect()
    }

    async fn find(
        &self,
        query: Document,
        sort: Document,
        limit: i64,
    ) -> Result<Vec<Order>, StoreError> {
        let found: Vec<OrderDocument> = self
            .collection()
            .find(query)
            .sort(sort)
            .limit(limit)
            .with_timeout()
            .await?
            .try_collect()
            .with_timeout()
            .await?;
        found.into_iter().map(OrderDocument::into_domain).collect()
    }
}
