//! What older builds did not publish.

use events::OrderId;
use host::Part;
use outbox::mongo::MongoDatabase;
use outbox::{Message, MessageContext, StoreError};
use uuid::Uuid;

use crate::domain::update_id;
use crate::name::NAME;
use crate::store::MongoOrders;

const PART: usize = 200;

/// `OrderUpdate` for the orders that had settled before it was published. Of one that was published it
/// is the same event again.
pub(crate) async fn order_updates(
    database: MongoDatabase,
    after: Option<Uuid>,
) -> Result<Part, StoreError> {
    let after = after.map(|id| OrderId::from_bytes(id.into_bytes()));
    let orders = MongoOrders::new(database).moved_on(after, PART).await?;
    let mut messages = Vec::with_capacity(orders.len());
    for order in &orders {
        let id = update_id(order.id, order.version);
        let at = order
            .history
            .last()
            .map_or(order.created_at, |step| step.at);
        let message = Message::new(id, NAME, at, MessageContext::default(), &order.to_update());
        messages.push(message.map_err(StoreError::permanent)?);
    }
    let next = orders.last().filter(|_| orders.len() == PART);
    Ok(Part {
        messages,
        next: next.map(|order| Uuid::from_bytes(order.id.into_bytes())),
    })
}
