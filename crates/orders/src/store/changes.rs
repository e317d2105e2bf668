//! Change events of orders, of all instances of this service, from the database.

use bson::doc;
use events::{AccountId, OrderId};
use futures::{FutureExt, StreamExt};
use mongodb::change_stream::ChangeStream;
use outbox::StoreError;
use outbox::mongo::fault;
use serde::Deserialize;

use super::MongoOrders;
use super::documents::{ChangeEventDocument, time};
use crate::domain::Order;
use crate::live::{Change, Changes, Feed};

/// So many changes are enough to be looked at together.
const MOST: usize = 500;

#[derive(Deserialize)]
struct Inserted {
    #[serde(rename = "fullDocument")]
    change_event: ChangeEventDocument,
}

/// An open change stream on the change events that each settling transaction writes.
///
/// The driver resumes it by its token after a fault that passes, such as a change of the primary.
pub struct OrderChanges {
    stream: ChangeStream<Inserted>,
}

impl Feed for MongoOrders {
    type Changes = OrderChanges;

    async fn open(&self) -> Result<OrderChanges, StoreError> {
        let inserted = doc! { "$match": { "operationType": "insert" } };
        let slim = doc! { "$project": { "fullDocument": 1 } };
        let stream = self
            .change_events()
            .watch()
            .pipeline([inserted, slim])
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
                Some(Ok(Inserted { change_event })) => {
                    let at = time(change_event.at)?;
                    changes.extend(change_event.orders.iter().map(|changed| Change {
                        order: OrderId::from_bytes(changed.id.bytes()),
                        customer: AccountId::from_bytes(changed.customer.bytes()),
                        at,
                    }));
                }
                Some(Err(error)) => return Err(fault(error)),
                None => return Err(StoreError::transient("the change stream has ended")),
            }
            if changes.len() >= MOST {
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
