//! What an operator does to the accounts and keys; the service need not run.

use host::{Service, StartError};
use outbox::{Clock, SystemClock};
use service::config::MongoSettings;

use crate::Auth;
use crate::commands::signing_keys::{self, Rotated};
use crate::domain::Role;
use crate::seed::{self, SeedError, Seeded};
use crate::settings::Settings;
use crate::store::MongoAuth;

/// Opens an account unless it is there. The only way to an admin's account. Doing it again
/// changes nothing.
///
/// The service need not run.
///
/// # Errors
/// See [`SeedError`].
pub async fn seed_account(
    mongo: &MongoSettings,
    email: &str,
    password: &str,
    role: Role,
) -> Result<Seeded, SeedError> {
    let (email, password) = seed::check(email, password)?;
    let database = host::connect(Auth::NAME, mongo).await?;
    seed::open(database, None, email, password, role).await
}

/// Adds a signing key, for operators: after a leak, or every few months. It takes over by
/// itself when every running instance has read it; the old one's tokens stay good until they
/// expire.
///
/// # Errors
/// When MongoDB is out of reach, someone else adds a key at the same moment, or the keys come
/// from files, where a new one is added by hand.
pub async fn rotate_signing_key(
    mongo: &MongoSettings,
    settings: &Settings,
) -> Result<Rotated, RotateError> {
    if !settings.issuing.signing_key_files.is_empty() {
        return Err(RotateError::KeysAreFiles);
    }
    let store = MongoAuth::new(host::connect(Auth::NAME, mongo).await?);
    let spread = settings.issuing.key_spread();
    Ok(signing_keys::rotate(&store, spread, SystemClock.now()).await?)
}

/// Why no signing key was added.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// The keys come from files.
    #[error("the signing keys come from QUADRILLE_AUTH_SIGNING_KEY_FILE: append a new file there")]
    KeysAreFiles,
    /// The settings can't be used.
    #[error(transparent)]
    Settings(#[from] StartError),
    /// It could not be done now.
    #[error(transparent)]
    Fault(#[from] crate::commands::Fault),
}
