//! What older builds did not publish.

use host::Part;
use newtype_uuid::GenericUuid;
use outbox::mongo::MongoDatabase;
use outbox::{Message, MessageContext, StoreError};
use uuid::Uuid;

use crate::name::NAME;
use crate::store::MongoAuth;

const PART: usize = 200;

/// `AccountUpdate` for the accounts that were opened before it was published. Of one that was published
/// it is the same state, with the same version, which no copy takes again.
pub(crate) async fn account_updates(
    database: MongoDatabase,
    after: Option<Uuid>,
) -> Result<Part, StoreError> {
    let after = after.map(GenericUuid::from_untyped_uuid);
    let accounts = MongoAuth::new(database).accounts_after(after, PART).await?;
    let mut messages = Vec::with_capacity(accounts.len());
    for (account, opened) in &accounts {
        // An account's id is no other event's.
        let id = account.id.into_untyped_uuid();
        let context = MessageContext::default();
        let message = Message::new(id, NAME, *opened, context, &account.to_event());
        messages.push(message.map_err(StoreError::permanent)?);
    }
    let next = accounts.last().filter(|_| accounts.len() == PART);
    Ok(Part {
        messages,
        next: next.map(|(account, _)| account.id.into_untyped_uuid()),
    })
}
