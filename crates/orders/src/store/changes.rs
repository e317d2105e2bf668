//! Change events of orders, of all instances of this service, from the database.

use bson::doc;
use events::{AccountId, OrderId};
use mongodb::change_stream::ChangeStream;
use outbox::StoreError;
use outbox::mongo::WithTimeout;
use serde::Deserialize;
use tokio::sync::mpsc;

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

/// What an open change stream on the change events of settling transactions says.
///
/// The driver resumes it by its token after a fault that passes, such as a change of the primary.
pub struct OrderChanges {
    change_events: mpsc::Receiver<Result<ChangeEventDocument, StoreError>>,
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
            .with_timeout()
            .await?
            .with_type();
        let (told, change_events) = mpsc::channel(MOST);
        tokio::spawn(follow(stream, told));
        Ok(OrderChanges { change_events })
    }

    async fn orders(&self, ids: &[OrderId]) -> Result<Vec<Order>, StoreError> {
        self.by_ids(ids).await
    }
}

/// Passes on what `stream` says until it fails or nobody wants to know. The server answers at least
/// once a second, also when nothing has changed: a connection that is silent is a fault.
async fn follow(
    mut stream: ChangeStream<Inserted>,
    told: mpsc::Sender<Result<ChangeEventDocument, StoreError>>,
) {
    while !told.is_closed() {
        let said = match stream.next_if_any().with_timeout().await {
            Ok(None) if stream.is_alive() => continue,
            Ok(None) => Err(StoreError::transient("the change stream has ended")),
            Ok(Some(Inserted { change_event })) => Ok(change_event),
            Err(fault) => Err(fault),
        };
        let over = said.is_err();
        if told.send(said).await.is_err() || over {
            return;
        }
    }
}

impl Changes for OrderChanges {
    async fn next(&mut self) -> Result<Vec<Change>, StoreError> {
        let mut said = Vec::new();
        // What has come along already is taken too; nothing is waited for.
        if self.change_events.recv_many(&mut said, MOST).await == 0 {
            return Err(StoreError::transient("the change stream has ended"));
        }
        let mut changes = Vec::new();
        for change_event in said {
            let change_event = change_event?;
            let at = time(change_event.at)?;
            changes.extend(change_event.orders.iter().map(|changed| Change {
                order: OrderId::from_bytes(changed.id.bytes()),
                customer: AccountId::from_bytes(changed.customer.bytes()),
                at,
            }));
        }
        Ok(changes)
    }
}
