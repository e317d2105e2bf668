//! What can be asked of this service: one file each.

mod failed_logins;
mod issue;
pub mod login;
pub mod logout;
pub mod refresh;
pub mod register;
pub mod signing_keys;

use std::sync::Arc;

use jiff::SignedDuration;
use outbox::{Clock, StoreError};

use crate::crypto::key_ring::SignError;
use crate::crypto::{CryptoError, KeyRing, PasswordPool, PoolError};
use crate::store::MongoAuth;

pub use failed_logins::FailedLogins;
pub use issue::Issued;

/// What all commands work with.
#[derive(Clone)]
pub struct Auth {
    /// The database.
    pub store: MongoAuth,
    /// The password hasher.
    pub passwords: Arc<PasswordPool>,
    /// Who failed to log in lately.
    pub failed_logins: Arc<FailedLogins>,
    /// The signing keys.
    pub keys: Arc<KeyRing>,
    /// Time and new ids.
    pub clock: Arc<dyn Clock>,
    /// How tokens are made.
    pub rules: Arc<TokenRules>,
}

/// How tokens are made.
#[derive(Debug, Clone)]
pub struct TokenRules {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// How long an access token is good.
    pub access_lifetime: SignedDuration,
    /// How long a login lasts, however often it is refreshed.
    pub refresh_lifetime: SignedDuration,
    /// For how long a refresh token is still taken after it was replaced.
    pub reuse_grace: SignedDuration,
}

/// Why a command could not be carried out, though nothing was wrong with what was asked.
/// Nothing has changed; trying again is safe.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Too many passwords are being checked.
    #[error("too many passwords are waiting to be checked")]
    Busy,
    /// Too many of this address are.
    #[error("too many passwords of one address are waiting to be checked")]
    TooMany,
    /// The signing keys are not loaded yet.
    #[error("the signing keys are not loaded yet")]
    NotReady,
    /// Cryptography.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Busy => Self::Busy,
            PoolError::TooMany => Self::TooMany,
            PoolError::Crypto(cause) => Self::Crypto(cause),
        }
    }
}

impl From<SignError> for Fault {
    fn from(error: SignError) -> Self {
        match error {
            SignError::NotLoaded => Self::NotReady,
            SignError::Crypto(cause) => Self::Crypto(cause),
        }
    }
}
