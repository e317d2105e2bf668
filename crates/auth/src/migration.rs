//! What older builds did not publish.

use newtype_uuid::GenericUuid;
use outbox::mongo::MongoDatabase;
use outbox::{Message, MessageContext, StoreError};
use uuid::Uuid;

use crate::name::NAME;
use crate::store::MongoAuth;

/// `AccountUpdate` for the accounts that were opened before it was published. Of one that was
/// published it is the same state, with the same version, which no copy takes again.
pub(crate) async fn account_updates(
    database: MongoDatabase,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<(Uuid, Message)>, StoreError> {
    let after = after.map(GenericUuid::from_untyped_uuid);
    let accounts = MongoAuth::new(database)
        .accounts_after(after, limit)
        .await?;
    let updates = accounts.iter().map(|(account, opened)| {
        // An account's id is no other event's.
        let id = account.id.into_untyped_uuid();
        let context = MessageContext::default();
        let message = Message::new(id, NAME, *opened, context, &account.to_event());
        Ok((id, message.map_err(StoreError::permanent)?))
    });
    updates.collect()
}
