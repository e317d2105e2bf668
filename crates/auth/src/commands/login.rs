//! Someone proves who they are.

use std::net::IpAddr;

use jiff::SignedDuration;

use super::{Auth, Fault, Issued};
use crate::crypto::{PasswordHash, PoolError, RefreshToken};
use crate::domain::{Email, Family, Password};
use crate::store::Credentials;

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No account has this address and this password. Which of both is wrong is told to nobody.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// This address has failed at this account too often, and has to wait for so long.
    #[error("too many failed logins; wait {0:#}")]
    TooMany(SignedDuration),
    /// It could not be done now.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Starts a family of refresh tokens for the owner of an account, who is at `address`.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn login(
        &self,
        email: &str,
        password: Password,
        address: Option<IpAddr>,
    ) -> Result<Issued, LoginError> {
        // The same for an address that has no account: it tells nobody whether there is one.
        let attempt = self.failed_logins.begin(email, address, self.clock.now());
        let attempt = attempt.map_err(|wait| {
            count("delayed");
            LoginError::TooMany(wait)
        })?;
        let found = match Email::parse(email) {
            Ok(email) => self.store.credentials(&email).await.map_err(Fault::from)?,
            Err(_) => None,
        };
        // No early answer up to here and none below before the hasher has run: the time
        // must not tell whether the address has an account.
        let stored = found
            .as_ref()
            .map(|credentials| credentials.password.clone());
        let presented = if password.is_too_long() {
            Password::new("")
        } else {
            password
        };
        let verified = self
            .passwords
            .verify(presented.clone(), stored, address)
            .await;
        let verified = verified.map_err(|error| {
            if matches!(error, PoolError::Busy | PoolError::TooMany) {
                count("busy");
            }
            Fault::from(error)
        })?;
        let Some(credentials) = found.filter(|_| verified.matches) else {
            attempt.failed(self.clock.now());
            tracing::info!("login refused");
            count("refused");
            return Err(LoginError::InvalidCredentials);
        };
        attempt.succeeded();
        if verified.outdated {
            self.rehash(&credentials, presented).await;
        }
        Ok(self.start_family(&credentials).await?)
    }

    async fn start_family(&self, credentials: &Credentials) -> Result<Issued, Fault> {
        let now = self.clock.now();
        let token = RefreshToken::first()?;
        let family = Family {
            id: token.family(),
            account: credentials.account.id,
            generation: 1,
            current: vec![token.hash()],
            previous: Vec::new(),
            replaced_at: now,
            expires_at: now
                .saturating_add(self.rules.refresh_lifetime)
                .unwrap_or(now),
            revoked: false,
        };
        let issued = self.issue(&credentials.account, &family, token, now)?;
        self.store.add_family(&family).await?;
        tracing::info!(account = %credentials.account.id, "logged in");
        count("ok");
        Ok(issued)
    }

    /// The only moment at which the password is known. Whoever logs in does not have to care
    /// whether it works out.
    async fn rehash(&self, credentials: &Credentials, password: Password) {
        let id = credentials.account.id;
        let replaced: Result<PasswordHash, Fault> = async {
            let new = self.passwords.hash(password, None).await?;
            self.store
                .replace_password_hash(id, &credentials.password, &new)
                .await?;
            Ok(new)
        }
        .await;
        if let Err(error) = replaced {
            tracing::warn!(account = %id, %error, "an outdated password hash stays for now");
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("auth_logins_total", "outcome" => outcome).increment(1);
}
