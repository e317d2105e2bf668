//! The signing keys of a running instance, and their rotation.

use std::time::Duration;

use host::{Service, StartError};
use jiff::Timestamp;
use outbox::{Clock, SystemClock};
use service::config::MongoSettings;
use tokio_util::sync::CancellationToken;

use crate::Auth;
use crate::commands::Auth as Api;
use crate::commands::signing_keys::{self, Rotated};
use crate::crypto::key_ring::Keys;
use crate::crypto::{CryptoError, SigningKey};
use crate::domain::key_schedule::Turn;
use crate::settings::{IssuerSettings, Settings};
use crate::store::MongoAuth;

/// How soon to try again while the signing keys can't be read for the first time.
const FIRST_KEYS_RETRY: Duration = Duration::from_millis(500);

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

/// The keys that the settings name, if they name any.
pub(crate) fn given(settings: &IssuerSettings) -> Result<Option<Keys>, CryptoError> {
    if settings.signing_key_files.is_empty() {
        return Ok(None);
    }
    let keys = (1..)
        .zip(&settings.signing_key_files)
        .map(|(generation, path)| {
            SigningKey::from_file(
                path,
                Turn {
                    generation,
                    signs_from: Timestamp::MIN,
                },
            )
        });
    Ok(Some(Keys::given(keys.collect::<Result<_, _>>()?)))
}

/// Reads the keys again and again: another instance may have added one.
pub(crate) async fn keep(auth: &Api, reload: Duration, stop: &CancellationToken) {
    loop {
        let now = auth.clock.now();
        let loaded = signing_keys::load(&auth.store, auth.rules.access_lifetime, now).await;
        match loaded {
            Ok(keys) => auth.keys.replace(keys),
            Err(error) => tracing::warn!(%error, "the signing keys can't be read; trying again"),
        }
        let known = auth.keys.get().is_some();
        let pause = if known {
            reload
        } else {
            reload.min(FIRST_KEYS_RETRY)
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
    }
}
