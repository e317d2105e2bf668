//! The accounts as an audit sees them.

use bson::doc;
use events::AccountUpdate;
use futures::{Stream, StreamExt};
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, WithTimeout, documents};

use super::ACCOUNTS;
use super::accounts::{StoredAccount, read};

/// What is to be published of every account in `database`. A document that is no account is a
/// [`Permanent`](outbox::ErrorKind::Permanent) error; others follow.
///
/// # Errors
/// A store error, now or in the stream.
pub async fn published_accounts(
    database: &MongoDatabase,
) -> Result<impl Stream<Item = Result<AccountUpdate, StoreError>> + Send + Unpin + use<>, StoreError>
{
    let accounts = database.database().collection::<StoredAccount>(ACCOUNTS);
    let found = accounts.find(doc! {}).with_long_timeout().await?;
    Ok(documents(found).map(|stored| Ok(read(stored?)?.account.to_event())))
}
