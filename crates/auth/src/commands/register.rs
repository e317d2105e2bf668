//! Someone opens an account.

use std::net::IpAddr;

use events::AccountId;
use newtype_uuid::GenericUuid;
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::{EventCollector, MessageContext, StoreError, Work, transact};
use uuid::Uuid;

use super::{Auth, Fault};
use crate::crypto::PasswordHash;
use crate::domain::{Account, Email, InvalidEmail, InvalidPassword, Password, Role};
use crate::name::NAME;

/// Why there is no new account.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The e-mail address is none.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// The password is not taken.
    #[error(transparent)]
    Password(#[from] InvalidPassword),
    /// The e-mail address is taken.
    #[error("this e-mail address has an account")]
    AccountExists,
    /// It could not be done now.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Opens an account for whoever is at `address`. Its role is always `user`.
    ///
    /// # Errors
    /// See [`RegisterError`].
    pub async fn register(
        &self,
        email: &str,
        password: Password,
        address: Option<IpAddr>,
    ) -> Result<Account, RegisterError> {
        let email = Email::parse(email)?;
        // What is not even long enough needs no turn.
        password.check()?;
        let strong = self
            .passwords
            .check_strength(password.clone(), email.clone(), address);
        strong.await.map_err(Fault::from)??;
        self.open_account(None, email, password, Role::User, address)
            .await
    }

    /// Opens an account with a password that its caller has checked: the demo users' are easily
    /// guessed. Its id is `id`, or drawn.
    pub(crate) async fn open_account(
        &self,
        id: Option<AccountId>,
        email: Email,
        password: Password,
        role: Role,
        address: Option<IpAddr>,
    ) -> Result<Account, RegisterError> {
        // Hashed before the database is asked, so that an address that is taken is answered
        // no faster than a new one.
        let hash = self
            .passwords
            .hash(password, address)
            .await
            .map_err(Fault::from)?;
        let id = id.unwrap_or_else(|| GenericUuid::from_untyped_uuid(self.clock.uuid()));
        let account = Account { id, email, role };
        let database = self.store.database().await.map_err(Fault::from)?;
        let mut opening = OpenAccount {
            auth: self,
            account: &account,
            hash: &hash,
            event_id: self.clock.uuid(),
        };
        let opened = transact(database, &mut opening).await;
        if !opened.map_err(Fault::from)? {
            return Err(RegisterError::AccountExists);
        }
        tracing::info!(account = %account.id, role = role.as_str(), "account opened");
        Ok(account)
    }
}

/// The account and what is published of it, in one transaction. Comes back with whether it is there
/// now; not so when the address has another one.
struct OpenAccount<'a> {
    auth: &'a Auth,
    account: &'a Account,
    hash: &'a PasswordHash,
    /// Drawn once, as the account's id: when the work runs again, it knows its own.
    event_id: Uuid,
}

impl Work<MongoDatabase> for OpenAccount<'_> {
    type Output = bool;

    async fn run(&mut self, tx: &mut MongoTx) -> Result<bool, StoreError> {
        let (store, account) = (&self.auth.store, self.account);
        if let Some(known) = store.account_id(tx, &account.email).await? {
            return Ok(known == account.id);
        }
        let clock = self.auth.clock.as_ref();
        store
            .add_account(tx, account, self.hash, clock.now())
            .await?;
        let mut events = EventCollector::new(NAME, clock);
        events
            .push_as(
                self.event_id,
                &account.to_event(),
                MessageContext::default(),
            )
            .map_err(StoreError::permanent)?;
        events.write(store.database().await?, tx).await?;
        Ok(true)
    }
}
