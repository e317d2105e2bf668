//! What older builds did not publish.

use events::OrderId;
use outbox::mongo::MongoDatabase;
use outbox::{Message, MessageContext, StoreError};
use uuid::Uuid;

use crate::domain::update_id;
use crate::name::NAME;
use crate::store::MongoOrders;

/// `OrderUpdate` for the orders that had settled before it was published. Of one that was published it
/// is the same event again.
pub(crate) async fn order_updates(
    database: MongoDatabase,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<(Uuid, Message)>, StoreError> {
    let after = after.map(|id| OrderId::from_bytes(id.into_bytes()));
    let orders = MongoOrders::new(database).moved_on(after, limit).await?;
    let updates = orders.iter().map(|order| {
        let id = update_id(order.id, order.version);
        let at = order
            .history
            .last()
            .map_or(order.created_at, |step| step.at);
        let message = Message::new(id, NAME, at, MessageContext::default(), &order.to_update());
        let order = Uuid::from_bytes(order.id.into_bytes());
        Ok((order, message.map_err(StoreError::permanent)?))
    });
    updates.collect()
}
