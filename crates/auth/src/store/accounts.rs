//! Accounts and their password hashes.

use bson::{Document, doc};
use events::AccountId;
use futures::TryStreamExt;
use jiff::Timestamp;
use outbox::StoreError;
use outbox::mongo::{MongoTx, WithTimeout};
use serde::{Deserialize, Serialize};

use super::{ACCOUNTS, MongoAuth, fields};
use crate::crypto::PasswordHash;
use crate::domain::{Account, Email, Role};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredAccount {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    email: String,
    role: String,
    password: String,
    created_at: bson::DateTime,
    /// Of what is published of it; builds before that wrote none, and published nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

/// An account with what proves that someone is its owner.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// Its password's hash.
    pub password: PasswordHash,
}

impl MongoAuth {
    /// The id of the account with that address, in a transaction.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub(crate) async fn account_id(
        &self,
        tx: &mut MongoTx,
        email: &Email,
    ) -> Result<Option<AccountId>, StoreError> {
        let filter = doc! { "email": email.as_str() };
        let found: Vec<StoredAccount> = tx.find(ACCOUNTS, filter, None).await?;
        let account = found.into_iter().next();
        Ok(account.map(|account| fields::read_account_id(account.id)))
    }

    /// Adds an account, in a transaction.
    ///
    /// # Errors
    /// A conflict when its address has one by now.
    pub(crate) async fn add_account(
        &self,
        tx: &mut MongoTx,
        account: &Account,
        password: &PasswordHash,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let document = StoredAccount {
            id: fields::account_id(account.id),
            email: account.email.as_str().to_owned(),
            role: account.role.as_str().to_owned(),
            password: password.as_stored().to_owned(),
            created_at: fields::time(now),
            version: Some(1),
        };
        let accounts = self.mongo.database().collection::<StoredAccount>(ACCOUNTS);
        accounts
            .insert_one(document)
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }

    /// The account with that address.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let filter = doc! { "email": email.as_str() };
        let accounts = self.collection::<StoredAccount>(ACCOUNTS).await?;
        let found = accounts.find_one(filter).with_timeout().await?;
        found.map(read).transpose()
    }

    /// The account with that id.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let filter = doc! { "_id": fields::account_id(id) };
        let accounts = self.collection::<StoredAccount>(ACCOUNTS).await?;
        let found = accounts.find_one(filter).with_timeout().await?;
        Ok(found
            .map(read)
            .transpose()?
            .map(|credentials| credentials.account))
    }

    /// At most `limit` accounts, by id, from the one after `after` on, each with the time of its
    /// opening.
    pub(crate) async fn accounts_after(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<(Account, Timestamp)>, StoreError> {
        let filter = after.map_or_else(Document::new, |after| {
            doc! { "_id": { "$gt": fields::account_id(after) } }
        });
        let accounts = self.collection::<StoredAccount>(ACCOUNTS).await?;
        let sorted = accounts
            .find(filter)
            .sort(doc! { "_id": 1 })
            .limit(i64::try_from(limit).unwrap_or(i64::MAX));
        let found: Vec<StoredAccount> = sorted
            .with_timeout()
            .await?
            .try_collect()
            .with_timeout()
            .await?;
        let read = |stored: StoredAccount| {
            let opened = fields::read_time(stored.created_at)?;
            Ok((read(stored)?.account, opened))
        };
        found.into_iter().map(read).collect()
    }

    /// Replaces the password hash `old` by `new`, if it is still there.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn replace_password_hash(
        &self,
        id: AccountId,
        old: &PasswordHash,
        new: &PasswordHash,
    ) -> Result<(), StoreError> {
        // Guarded by the old hash: a password that was changed meanwhile stays.
        let filter = doc! { "_id": fields::account_id(id), "password": old.as_stored() };
        let update = doc! { "$set": { "password": new.as_stored() } };
        let accounts = self.collection::<StoredAccount>(ACCOUNTS).await?;
        accounts
            .update_one(filter, update)
            .with_timeout()
            .await
            .map(drop)
    }
}

pub(super) fn read(document: StoredAccount) -> Result<Credentials, StoreError> {
    Ok(Credentials {
        account: Account {
            id: fields::read_account_id(document.id),
            email: Email::parse(&document.email).map_err(StoreError::permanent)?,
            role: Role::from_name(&document.role).ok_or_else(|| fields::damaged("role"))?,
        },
        password: PasswordHash::from_stored(document.password),
    })
}
