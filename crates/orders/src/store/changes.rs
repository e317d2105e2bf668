//! The database's own news of changed orders, of all instances of this service.

use bson::{DateTime, Document, doc};
use events::{AccountId, OrderId};
use futures::{FutureExt, StreamExt};
use mongodb::change_stream::ChangeStream;
use outbox::StoreError;
use outbox::mongo::fault;
use serde::Deserialize;

use super::MongoOrders;
use super::documents::time;
use crate::domain::Order;
use crate::live::{Change, Changes, Feed};

/// The most changes that are looked at together.
const MOST: usize = 500;

#[derive(Deserialize)]
struct Updated {
    #[serde(rename = "documentKey")]
    key: Key,
    #[serde(rename = "updateDescription")]
    description: Description,
}

#[derive(Deserialize)]
struct Key {
    #[serde(rename = "_id")]
    id: bson::Uuid,
}

#[derive(Deserialize)]
struct Description {
    #[serde(rename = "updatedFields")]
    fields: Fields,
}

#[derive(Deserialize)]
struct Fields {
    last_change: Stamp,
}

#[derive(Deserialize)]
struct Stamp {
    customer: bson::Uuid,
    at: DateTime,
}

/// An open change stream on the orders.
///
/// The driver resumes it by its token after a fault that passes, such as a change of the primary.
pub struct OrderChanges {
    stream: ChangeStream<Updated>,
}

impl Feed for MongoOrders {
    type Changes = OrderChanges;

    async fn open(&self) -> Result<OrderChanges, StoreError> {
        // Filtered and cut down by the server: a step of an order is all that comes.
        let steps = doc! { "$match": {
            "operationType": "update",
            "updateDescription.updatedFields.last_change": { "$exists": true },
        } };
        let slim = doc! { "$project": {
            "documentKey": 1,
            "updateDescription.updatedFields.last_change": 1,
        } };
        let stream = self
            .collection::<Document>()
            .watch()
            .pipeline([steps, slim])
            .await
            .map_err(fault)?
            .with_type();
        Ok(OrderChanges { stream })
    }

    async fn orders(&self, ids: &[OrderId]) -> Result<Vec<Order>, StoreError> {
        self.by_ids(ids).await
    }
}

impl Changes for OrderChanges {
    async fn next(&mut self) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        let mut found = self.stream.next().await;
        loop {
            match found {
                Some(Ok(updated)) => changes.push(Change {
                    order: OrderId::from_bytes(updated.key.id.bytes()),
                    customer: AccountId::from_bytes(
                        updated.description.fields.last_change.customer.bytes(),
                    ),
                    at: time(updated.description.fields.last_change.at)?,
                }),
                Some(Err(error)) => return Err(fault(error)),
                None => return Err(StoreError::transient("the change stream has ended")),
            }
            if changes.len() == MOST {
                return Ok(changes);
            }
            // What has come along already is taken too; nothing is waited for.
            match self.stream.next().now_or_never() {
                Some(next) => found = next,
                None => return Ok(changes),
            }
        }
    }
}
