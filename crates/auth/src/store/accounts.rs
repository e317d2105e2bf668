//! Accounts and their password hashes.

use bson::doc;
use events::AccountId;
use outbox::mongo::fault;
use outbox::{ErrorKind, StoreError};
use serde::{Deserialize, Serialize};

use super::{ACCOUNTS, MongoAuth, fields};
use crate::crypto::PasswordHash;
use crate::domain::{Account, Email, Role};

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    email: String,
    role: String,
    password: String,
    created_at: bson::DateTime,
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
    /// Adds an account unless its address has one. Returns whether it was added.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn add_account(
        &self,
        account: &Account,
        password: &PasswordHash,
        now: jiff::Timestamp,
    ) -> Result<bool, StoreError> {
        let document = Document {
            id: fields::account_id(account.id),
            email: account.email.as_str().to_owned(),
            role: account.role.as_str().to_owned(),
            password: password.as_stored().to_owned(),
            created_at: fields::time(now),
        };
        let accounts = self.collection::<Document>(ACCOUNTS).await?;
        match accounts.insert_one(document).await.map_err(fault) {
            Ok(_) => Ok(true),
            // The only other unique value, the id, is drawn anew for each account.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The account with that address.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let filter = doc! { "email": email.as_str() };
        let accounts = self.collection::<Document>(ACCOUNTS).await?;
        let found = accounts.find_one(filter).await.map_err(fault)?;
        found.map(read).transpose()
    }

    /// The account with that id.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let filter = doc! { "_id": fields::account_id(id) };
        let accounts = self.collection::<Document>(ACCOUNTS).await?;
        let found = accounts.find_one(filter).await.map_err(fault)?;
        Ok(found
            .map(read)
            .transpose()?
            .map(|credentials| credentials.account))
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
        let accounts = self.collection::<Document>(ACCOUNTS).await?;
        accounts
            .update_one(filter, update)
            .await
            .map(drop)
            .map_err(fault)
    }
}

fn read(document: Document) -> Result<Credentials, StoreError> {
    Ok(Credentials {
        account: Account {
            id: fields::read_account_id(document.id),
            email: Email::parse(&document.email).map_err(StoreError::permanent)?,
            role: Role::from_name(&document.role).ok_or_else(|| fields::damaged("role"))?,
        },
        password: PasswordHash::from_stored(document.password),
    })
}
