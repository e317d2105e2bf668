//! Accounts' addresses, a copy of what auth publishes of them.

use std::collections::BTreeMap;

use bson::doc;
use events::{AccountId, AccountUpdate};
use outbox::StoreError;
use outbox::mongo::{MongoDatabase, MongoTx, fault};
use serde::{Deserialize, Serialize};

use super::key;

pub(super) const RECIPIENTS: &str = "recipients";

/// An account, as far as mails go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its address; absent once it is deleted.
    pub email: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RecipientDocument {
    #[serde(rename = "_id")]
    account: bson::Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    version: i64,
}

/// Takes over those of `updates` that are newer than what is known.
///
/// # Errors
/// A store error.
pub async fn take(tx: &mut MongoTx, updates: &[&AccountUpdate]) -> Result<(), StoreError> {
    let mut newest: BTreeMap<AccountId, &AccountUpdate> = BTreeMap::new();
    for update in updates {
        let known = newest.entry(update.account_id).or_insert(update);
        if known.version < update.version {
            *known = update;
        }
    }
    let accounts: Vec<_> = newest.keys().copied().map(key).collect();
    let known = doc! { "_id": { "$in": accounts } };
    let known: Vec<RecipientDocument> = tx.find(RECIPIENTS, known, None).await?;
    for known in known {
        newest.retain(|account, update| {
            key(*account) != known.account || stored(update.version) > known.version
        });
    }
    let statements = newest.values().map(|update| {
        let mut state = doc! { "version": stored(update.version) };
        if let Some(email) = update.email.as_ref().filter(|_| !update.deleted) {
            state.insert("email", email);
        }
        doc! { "q": { "_id": key(update.account_id) }, "u": state, "upsert": true }
    });
    let statements: Vec<_> = statements.collect();
    if !statements.is_empty() {
        tx.update(RECIPIENTS, statements).await?;
    }
    Ok(())
}

/// The account `id` as far as it is known.
///
/// # Errors
/// A store error.
pub async fn find(
    database: &MongoDatabase,
    id: AccountId,
) -> Result<Option<Recipient>, StoreError> {
    let recipients = database
        .database()
        .collection::<RecipientDocument>(RECIPIENTS);
    let found = recipients.find_one(doc! { "_id": key(id) }).await;
    let found = found.map_err(fault)?;
    Ok(found.map(|known| Recipient { email: known.email }))
}

fn stored(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
