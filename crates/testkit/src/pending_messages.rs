//! What a service would publish.

use outbox::mongo::MongoDatabase;
use outbox::{Message, OutboxStore as _};

/// Takes what waits to be published out of the outbox.
///
/// # Panics
/// When MongoDB does not answer.
pub async fn take_pending(database: &MongoDatabase) -> Vec<Message> {
    let records = database.pending(1000, &[]).await.unwrap();
    let ids: Vec<_> = records.iter().map(|record| record.id).collect();
    database.remove(&ids).await.unwrap();
    let messages = records.into_iter().flat_map(|record| record.messages);
    messages.collect()
}
