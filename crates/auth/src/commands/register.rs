//! Someone opens an account.

use newtype_uuid::GenericUuid;

use super::{Auth, Fault};
use crate::domain::{Account, Email, InvalidEmail, InvalidPassword, Password, Role};

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
    /// Opens an account. Its role is always `user`.
    ///
    /// # Errors
    /// See [`RegisterError`].
    pub async fn register(
        &self,
        email: &str,
        password: Password,
    ) -> Result<Account, RegisterError> {
        self.open_account(email, password, Role::User).await
    }

    pub(crate) async fn open_account(
        &self,
        email: &str,
        password: Password,
        role: Role,
    ) -> Result<Account, RegisterError> {
        let email = Email::parse(email)?;
        password.check()?;
        // Hashed before the database is asked, so that an address that is taken is answered
        // no faster than a new one.
        let hash = self.passwords.hash(password).await.map_err(Fault::from)?;
        let id = GenericUuid::from_untyped_uuid(self.clock.uuid());
        let account = Account { id, email, role };
        let added = self.store.add_account(&account, &hash, self.clock.now());
        if !added.await.map_err(Fault::from)? {
            return Err(RegisterError::AccountExists);
        }
        tracing::info!(account = %account.id, role = role.as_str(), "account opened");
        Ok(account)
    }
}
